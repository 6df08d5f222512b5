import { Injectable } from '@nestjs/common';
import { EventBus } from '@nestjs/cqrs';
import { Bus, BusError } from '#bus';
import type { Messages } from '#contracts';
import { EventStore, LogDamagedError, StoreUnavailableError } from '#event-store';
import { Clock, Timers, Trouble } from '#platform';
import { type SagaLimits, SagaRuntime, type SagaStore } from '#runtime';
import { causedBy } from './caused.js';

/** The streams whose events make the sagas act. */
export const FOLLOWED_STREAMS = {
  streamPrefixes: ['payment_intent-', 'payment_method-', 'parked_delivery-', 'processor_notice-'],
};

/** Makes what feeds the sagas of this process from the log: one for all streams, or several, each for some. */
@Injectable()
export class LogFeeds {
  constructor(
    private readonly store: EventStore,
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly eventBus: EventBus,
    private readonly bus: Bus<Messages>,
    private readonly trouble: Trouble,
  ) {}

  /** Not started. `sagaStore`: what it remembers; nobody else's. */
  over(sagaStore: SagaStore, limits: Partial<SagaLimits> = {}): SagaRuntime {
    const { store, clock, timers, eventBus, bus, trouble } = this;
    return new SagaRuntime(
      {
        store,
        sagaStore,
        clock,
        timers,
        publish: (delivery) => eventBus.subject$.next(delivery),
        park: async ({ event, error, tries }) => {
          const { id, type: eventType, stream, position } = event;
          await bus.request('commands.parked.park', {
            ...causedBy(event, `park/${tries}`),
            event: id,
            eventType,
            stream,
            position,
            error,
            tries,
          });
        },
        isOutage,
        onTrouble: (message, error) => trouble.report(message, error),
      },
      limits,
    );
  }
}

/** A store or a process that is away comes back: what waits for it is not at fault. */
function isOutage(error: unknown): boolean {
  if (error instanceof StoreUnavailableError || error instanceof LogDamagedError) return true;
  if (!(error instanceof BusError)) return false;
  const { reason, errorName } = error;
  return (
    reason !== 'failed' ||
    errorName === 'StoreUnavailableError' ||
    errorName === 'LogDamagedError' ||
    errorName === 'OverloadedError' ||
    errorName === 'ConcurrencyError'
  );
}
