import { Injectable } from '@nestjs/common';
import { EventStore } from '#event-store';
import { Readiness } from '../gateway/readiness.port.js';

/** Ready once the sagas follow the log and the credentials are written; not any more when the log is damaged or the process shuts down. */
@Injectable()
export class EmbeddedReadiness extends Readiness {
  private missing: string[] = ['starting'];

  constructor(private readonly store: EventStore) {
    super();
  }

  override ready(): boolean {
    return this.reasons().length === 0;
  }

  override reasons(): string[] {
    return this.store.damage() ? [...this.missing, 'log_damaged'] : this.missing;
  }

  started(): void {
    this.missing = [];
  }

  stopping(): void {
    this.missing = ['stopping'];
  }
}
