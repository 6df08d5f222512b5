import { Module } from '@nestjs/common';
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
import { JudgePaymentHandler } from './judge-payment.handler.js';
import { LogFeeds } from './log-feeds.js';
import { CallMerchantHandler } from './merchant.handlers.js';
import { ApplyNoticeHandler } from './notice.handlers.js';
import { NoticeSaga } from './notice.saga.js';
import { RetryParkedHandler } from './parked.handlers.js';
import { PaymentLifecycleSaga } from './payment-lifecycle.saga.js';
import { DestroyCardHandler } from './payment-method.handlers.js';
import { PaymentMethodSaga } from './payment-method.saga.js';
import { RunProbeHandler } from './probe.handlers.js';
import { ProcessorCalls } from './processor-calls.js';
import { ReconciliationSchedule } from './reconciliation-schedule.js';
import { RouteAttemptHandler } from './route.handler.js';
import {
  ExpireApprovalHandler,
  ExpireAuthorizationHandler,
  ScheduleHandler,
} from './timer.handlers.js';
import { WebhookDispatch } from './webhook-dispatch.js';

/** Follows the log and turns events into commands and effects, over the bus. Holds no keys and appends nothing. Whoever composes it provides, globally: Bus, EventStore, Clock, Timers, PolicyEngine, ApprovalTime, Sender and Trouble. */
@Module({
  providers: [
    LogFeeds,
    ProcessorCalls,
    CaptureScreen,
    PaymentLifecycleSaga,
    PaymentMethodSaga,
    NoticeSaga,
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
    ApplyNoticeHandler,
    RetryParkedHandler,
    WebhookDispatch,
    ReconciliationSchedule,
    DestroyCardHandler,
  ],
  exports: [LogFeeds, ReconciliationSchedule, WebhookDispatch],
})
export class SagasModule {}
