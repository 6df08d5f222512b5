import { Injectable } from '@nestjs/common';
import { type ICommand, Saga } from '@nestjs/cqrs';
import { ofDelivery } from '#runtime';
import { type Observable, map } from 'rxjs';
import {
  CallCapture,
  CallVoid,
  CommitSpend,
  ConfirmAttempt,
  JudgePayment,
  ReleaseBudget,
  RetryParked,
  RunProbe,
  ScheduleProbe,
  ScreenCapture,
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
      ofDelivery('recorded', 'PaymentAuthorized'),
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

  @Saga() waitForProbe = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'ProbeScheduled'),
      map((delivery) => new ScheduleProbe(delivery)),
    );

  @Saga() probe = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('due', 'ProbeScheduled'),
      map((delivery) => new RunProbe(delivery)),
    );

  @Saga() commit = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'PaymentSucceeded'),
      map((delivery) => new CommitSpend(delivery)),
    );

  @Saga() release = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'PaymentFailed'),
      map((delivery) => new ReleaseBudget(delivery)),
    );

  @Saga() retryParked = (log: Deliveries): Commands =>
    log.pipe(
      ofDelivery('recorded', 'DeliveryRetried'),
      map((delivery) => new RetryParked(delivery)),
    );
}
