import { Module } from '@nestjs/common';
import { EventBus } from '@nestjs/cqrs';
import { Bus, BusError } from '#bus';
import type { Messages } from '#contracts';
import { EventStore, LogDamagedError, StoreUnavailableError } from '#event-store';
import { Clock, Timers, Trouble } from '#platform';
import { SagaRuntime, SagaStore } from '#runtime';
import {
  CallCaptureHandler,
  CallRefundHandler,
  CallVoidHandler,
  ConfirmAttemptHandler,
  StartAttemptHandler,
} from './attempt.handlers.js';
import { SettleBudgetHandler } from './budget.handlers.js';
import { ScreenCaptureHandler } from './capture-screen.handler.js';
import { CaptureScreen } from './capture-screen.js';
import { causedBy } from './caused.js';
import { JudgePaymentHandler } from './judge-payment.handler.js';
import { CallMerchantHandler } from './merchant.handlers.js';
import { RetryParkedHandler } from './parked.handlers.js';
import { PaymentLifecycleSaga } from './payment-lifecycle.saga.js';
import { RunProbeHandler } from './probe.handlers.js';
import { ProcessorCalls } from './processor-calls.js';
import { RouteAttemptHandler } from './route.handler.js';
import {
  ExpireApprovalHandler,
  ExpireAuthorizationHandler,
  ScheduleHandler,
} from './timer.handlers.js';

/** The streams whose events make the sagas act. */
export const FOLLOWED_STREAMS = { streamPrefixes: ['payment_intent-', 'parked_delivery-'] };

const RUNTIME = {
  provide: SagaRuntime,
  inject: [EventStore, SagaStore, Clock, Timers, EventBus, Bus, Trouble],
  useFactory: (
    store: EventStore,
    sagaStore: SagaStore,
    clock: Clock,
    timers: Timers,
    eventBus: EventBus,
    bus: Bus<Messages>,
    trouble: Trouble,
  ) =>
    new SagaRuntime({
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
    }),
};

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

/** Follows the log and turns events into commands and effects, over the bus. Holds no keys and appends nothing. Whoever composes it provides, globally: Bus, EventStore, SagaStore, Clock, Timers, PolicyEngine, ApprovalTime, Sender and Trouble. */
@Module({
  providers: [
    RUNTIME,
    ProcessorCalls,
    CaptureScreen,
    PaymentLifecycleSaga,
    JudgePaymentHandler,
    StartAttemptHandler,
    ConfirmAttemptHandler,
    ScreenCaptureHandler,
    CallCaptureHandler,
    CallVoidHandler,
    CallRefundHandler,
    CallMerchantHandler,
    RouteAttemptHandler,
    ScheduleHandler,
    RunProbeHandler,
    ExpireApprovalHandler,
    ExpireAuthorizationHandler,
    SettleBudgetHandler,
    RetryParkedHandler,
  ],
  exports: [SagaRuntime],
})
export class SagasModule {}
