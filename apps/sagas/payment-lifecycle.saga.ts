import { Injectable } from '@nestjs/common';
import { type ICommand, Saga } from '@nestjs/cqrs';
import { ofDelivery } from '#runtime';
import { type Observable, filter, map } from 'rxjs';
import {
  CallCapture,
  CallMerchant,
  CallRefund,
  CallVoid,
  ConfirmAttempt,
  ExpireApproval,
  ExpireAuthorization,
  JudgePayment,
  RetryParked,
  RouteAttempt,
  RunProbe,
  Schedule,
  ScreenCapture,
  SettleBudget,
  StartAttempt,
} from './payment-lifecycle.commands.js';

type Deliveries = Observable<unknown>;
type Commands = Observable<ICommand>;

/**
 * The table of what follows from what. No state and nothing that can throw: what a payment remembers is in its own stream.
 */
@Injectable()
export class PaymentLifecycleSaga {
  @Saga() judge = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'PaymentIntentRequested'),
      map((delivery) => new JudgePayment(delivery)),
    );

  @Saga() judgeAgain = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'ApprovalGranted'),
      filter(({ event }) => event.data['stage'] === 'authorization'),
      map((delivery) => new JudgePayment(delivery)),
    );

  @Saga() screenCaptureAgain = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'ApprovalGranted'),
      filter(({ event }) => event.data['stage'] === 'capture'),
      map((delivery) => new ScreenCapture(delivery)),
    );

  @Saga() merchant = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery(
        'recorded',
        'ReservationStarted',
        'ReservationConfirmStarted',
        'ReservationReleaseStarted',
      ),
      map((delivery) => new CallMerchant(delivery)),
    );

  @Saga() merchantAgain = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('due', 'ReservationRetryScheduled'),
      map((delivery) => new CallMerchant(delivery)),
    );

  @Saga() route = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'RouteRequested'),
      map((delivery) => new RouteAttempt(delivery)),
    );

  @Saga() attempt = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'AttemptStarted'),
      map((delivery) => new StartAttempt(delivery)),
    );

  @Saga() confirm = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'AttemptPrepared'),
      map((delivery) => new ConfirmAttempt(delivery)),
    );

  @Saga() screenCapture = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'PaymentAuthorized', 'CaptureRequested'),
      map((delivery) => new ScreenCapture(delivery)),
    );

  @Saga() capture = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'CaptureStarted'),
      map((delivery) => new CallCapture(delivery)),
    );

  @Saga() letGo = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'VoidStarted'),
      map((delivery) => new CallVoid(delivery)),
    );

  @Saga() refund = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'RefundStarted'),
      map((delivery) => new CallRefund(delivery)),
    );

  @Saga() wait = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery(
        'recorded',
        'ProbeScheduled',
        'ReservationRetryScheduled',
        'ApprovalRequested',
        'CaptureAwaited',
      ),
      map((delivery) => new Schedule(delivery)),
    );

  @Saga() probe = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('due', 'ProbeScheduled'),
      map((delivery) => new RunProbe(delivery)),
    );

  @Saga() expireApproval = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('due', 'ApprovalRequested'),
      map((delivery) => new ExpireApproval(delivery)),
    );

  @Saga() expireAuthorization = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('due', 'CaptureAwaited'),
      map((delivery) => new ExpireAuthorization(delivery)),
    );

  @Saga() settle = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'PaymentSucceeded', 'PaymentFailed', 'PaymentCanceled'),
      map((delivery) => new SettleBudget(delivery)),
    );

  @Saga() retryParked = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'DeliveryRetried'),
      map((delivery) => new RetryParked(delivery)),
    );
}
