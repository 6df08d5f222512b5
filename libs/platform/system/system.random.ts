import { randomBytes, randomUUID } from 'node:crypto';
import { Random } from '../platform.port.js';

export class SystemRandom extends Random {
  bytes(length: number): Buffer {
    return randomBytes(length);
  }

  uuid(): string {
    return randomUUID();
  }
}
