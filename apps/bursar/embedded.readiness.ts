import { Injectable } from '@nestjs/common';
import { Readiness } from '../gateway/readiness.port.js';

/** Ready once the sagas follow the log and the credentials are written; not any more when the process shuts down. */
@Injectable()
export class EmbeddedReadiness extends Readiness {
  private missing: string[] = ['starting'];

  override ready(): boolean {
    return this.missing.length === 0;
  }

  override reasons(): string[] {
    return this.missing;
  }

  started(): void {
    this.missing = [];
  }

  stopping(): void {
    this.missing = ['stopping'];
  }
}
