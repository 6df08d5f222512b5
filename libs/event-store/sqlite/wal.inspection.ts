import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { LogDamagedError } from '../log-damaged.error.js';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;

/** Two running sums over 32-bit words, as SQLite's file format defines them. */
type Sums = readonly [number, number];

interface Wal {
  pageBytes: number;
  bigEndian: boolean;
  salt: Buffer;
  sums: Sums;
}

/**
 * SQLite ends its write-ahead log at the first frame that is not right, without a word: after a power cut that is the
 * transaction under way. Each transaction is synced before the next begins, so at most one can be torn. Where more than one
 * end of a transaction follows, or the header is broken before frames, what was acknowledged would be dropped.
 * @throws LogDamagedError
 */
export function inspectWal(path: string): void {
  if (!existsSync(path)) return;
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    const first = Buffer.alloc(FRAME_HEADER_BYTES);
    readSync(file, header, 0, HEADER_BYTES, 0);
    if (readSync(file, first, 0, FRAME_HEADER_BYTES, HEADER_BYTES) < FRAME_HEADER_BYTES) return;
    const wal = walOf(header);
    if (!wal) throw new LogDamagedError(path, 'its header', 'its checksum does not fit');
    inspectFrames(path, file, wal);
  } finally {
    closeSync(file);
  }
}

function inspectFrames(path: string, file: number, wal: Wal): void {
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + wal.pageBytes);
  let sums: Sums | undefined = wal.sums;
  let torn = 0;
  let ends = 0;
  for (let number = 1, at = HEADER_BYTES; ; number++, at += frame.length) {
    if (readSync(file, frame, 0, frame.length, at) < frame.length) return;
    sums = sums && sumsAfter(frame, wal, sums);
    if (sums) continue;
    torn ||= number;
    const isEnd = frame.readUInt32BE(4) !== 0 && wal.salt.equals(frame.subarray(8, 16));
    if (isEnd && ++ends > 1) {
      const expected = 'its checksum does not fit, and commits follow it';
      throw new LogDamagedError(path, `frame ${torn}`, expected);
    }
  }
}

function walOf(header: Buffer): Wal | undefined {
  const magic = header.readUInt32BE(0);
  if ((magic & ~1) !== MAGIC) return undefined;
  const bigEndian = magic !== MAGIC;
  const sums = summed(header.subarray(0, 24), bigEndian, [0, 0]);
  if (!areSums(header, 24, sums)) return undefined;
  return { pageBytes: header.readUInt32BE(8), bigEndian, salt: header.subarray(16, 24), sums };
}

/** Undefined when the frame is not the next one. */
function sumsAfter(frame: Buffer, { salt, bigEndian }: Wal, before: Sums): Sums | undefined {
  if (!salt.equals(frame.subarray(8, 16))) return undefined;
  const sums = summed(
    frame.subarray(FRAME_HEADER_BYTES),
    bigEndian,
    summed(frame.subarray(0, 8), bigEndian, before),
  );
  return areSums(frame, 16, sums) ? sums : undefined;
}

function summed(bytes: Buffer, bigEndian: boolean, [one, two]: Sums): Sums {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; at += 8) {
    one = (one + view.getUint32(at, !bigEndian) + two) >>> 0;
    two = (two + view.getUint32(at + 4, !bigEndian) + one) >>> 0;
  }
  return [one, two];
}

function areSums(bytes: Buffer, at: number, [one, two]: Sums): boolean {
  return bytes.readUInt32BE(at) === one && bytes.readUInt32BE(at + 4) === two;
}
