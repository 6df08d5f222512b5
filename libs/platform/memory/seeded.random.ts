import { createHash } from 'node:crypto';
import { Random } from '../platform.port.js';

/** The same bytes for the same seed, on every machine: SHA-256 over seed and counter. Not for secrets. */
export class SeededRandom extends Random {
  private counter = 0;
  private rest = Buffer.alloc(0);

  constructor(private readonly seed: number | string) {
    super();
  }

  bytes(length: number): Buffer {
    while (this.rest.length < length) {
      const block = createHash('sha256').update(`${this.seed}:${this.counter++}`).digest();
      this.rest = Buffer.concat([this.rest, block]);
    }
    const taken = this.rest.subarray(0, length);
    this.rest = this.rest.subarray(length);
    return taken;
  }

  uuid(): string {
    const bytes = Buffer.from(this.bytes(16));
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = bytes.toString('hex');
    return [
      hex.slice(0, 8),
      hex.slice(8, 12),
      hex.slice(12, 16),
      hex.slice(16, 20),
      hex.slice(20),
    ].join('-');
  }

  /** An integer from 0 to `bound` - 1. */
  below(bound: number): number {
    return Number(this.bytes(8).readBigUInt64BE() % BigInt(bound));
  }
}
