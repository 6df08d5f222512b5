import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

const BYTES = 12;

/**
 * How far the log was acknowledged, in a file of its own beside it. Written after each commit and never synced: what is in
 * it was durable before, so it may lag behind the log after a power cut and never runs ahead. It is how a log that lost its
 * end is told from one that is complete; one that is missing or unreadable says nothing.
 */
export class LogHeadFile {
  private descriptor: number | undefined;

  constructor(private readonly path: string) {}

  /** The position, -1 when nothing is known. */
  static read(path: string): number {
    if (!existsSync(path)) return -1;
    const bytes = readFileSync(path);
    const whole = bytes.length === BYTES && bytes.readUInt32LE(8) === crc32(bytes.subarray(0, 8));
    return whole ? Number(bytes.readBigUInt64LE()) : -1;
  }

  write(position: number): void {
    const bytes = Buffer.alloc(BYTES);
    bytes.writeBigUInt64LE(BigInt(position));
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 8)), 8);
    try {
      this.descriptor ??= openSync(this.path, existsSync(this.path) ? 'r+' : 'w+', 0o600);
      writeSync(this.descriptor, bytes, 0, BYTES, 0);
    } catch {
      // What was committed is durable without it.
      this.close();
    }
  }

  close(): void {
    if (this.descriptor !== undefined) closeSync(this.descriptor);
    this.descriptor = undefined;
  }
}

/** Where it lies beside a log. */
export function headPathOf(logPath: string): string {
  return `${logPath}-head`;
}
