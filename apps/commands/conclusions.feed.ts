import { Injectable } from '@nestjs/common';
import { EventStore, type RecordedEvent, type Subscription } from '#event-store';
import { Conclusions } from './conclusions.js';

const CONCLUDING = [
  'RequestConcluded',
  'OperationConcluded',
  'ApprovalRequested',
  'BuyerActionRequired',
];

/**
 * Wakes callers here for what another process of the write side recorded. Only for speed: a caller that is not woken looks for
 * itself when its time is up.
 */
@Injectable()
export class ConclusionsFeed {
  private subscription: Subscription | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly conclusions: Conclusions,
  ) {}

  start(): void {
    this.subscription = this.store.subscribe({
      after: 'end',
      filter: { types: CONCLUDING },
      onEvents: (events) => events.forEach((event) => this.tell(event)),
    });
  }

  async stop(): Promise<void> {
    await this.subscription?.stop();
  }

  private tell({ type, stream, data }: RecordedEvent): void {
    const payment = stream.replace(/^payment_intent-/, '');
    if (type === 'OperationConcluded') this.conclusions.concluded(String(data['operation']), null);
    else if (type === 'RequestConcluded') this.conclusions.concluded(payment, null);
    else this.conclusions.awaitsHuman(payment);
  }
}
