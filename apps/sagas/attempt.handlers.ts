import { CommandHandler } from '@nestjs/cqrs';
import type { CallFacts, PaymentIntentEventData } from '#domain';
import { type Delivery, DeliveryHandler } from '#runtime';
import {
  CallCapture,
  CallRefund,
  CallVoid,
  ConfirmAttempt,
  StartAttempt,
} from './payment-lifecycle.commands.js';
import { ProcessorCalls } from './processor-calls.js';

/** `AttemptStarted` is durable: now, and not before, the processor is called. */
@CommandHandler(StartAttempt)
export class StartAttemptHandler extends DeliveryHandler {
  constructor(private readonly calls: ProcessorCalls) {
    super();
  }

  protected override async handle(delivery: Delivery): Promise<void> {
    const started = delivery.event.data as unknown as PaymentIntentEventData<'AttemptStarted'>;
    const { number, processor, key, amountMinor, currency, paymentMethod } = started;
    const { keySafeUntil, screening } = started;
    const isTwoStep = started.authorization === 'two_step';
    if (!this.calls.isFirst(delivery)) {
      // An unconfirmed charge moves no money, whoever makes it.
      if (!isTwoStep) await this.calls.takeOver(delivery, number);
      const pending = await this.calls.pending(delivery);
      const open = pending?.operation === 'authorize' && pending.number === number;
      // A prepared attempt goes on from `AttemptPrepared`.
      if (!open || pending.prepared) return;
    }
    const call: CallFacts = {
      processor,
      key,
      amountMinor,
      currency,
      paymentMethod,
      reference: null,
      keySafeUntil,
    };
    await this.calls.perform(delivery, {
      operation: isTwoStep ? 'prepare' : 'authorize',
      about: 'authorize',
      number,
      call,
      screening,
      firstSend: this.calls.isFirst(delivery),
    });
  }
}

/** The unconfirmed charge and its id are on record: the call that moves money. */
@CommandHandler(ConfirmAttempt)
export class ConfirmAttemptHandler extends DeliveryHandler {
  constructor(private readonly calls: ProcessorCalls) {
    super();
  }

  protected override async handle(delivery: Delivery): Promise<void> {
    const { number, call, screening } = delivery.event
      .data as unknown as PaymentIntentEventData<'AttemptPrepared'>;
    const firstSend = this.calls.isFirst(delivery);
    if (!firstSend) {
      await this.calls.takeOver(delivery, number);
      if (!(await this.calls.isOpen(delivery, 'authorize'))) return;
    }
    await this.calls.perform(delivery, {
      operation: 'authorize',
      about: 'authorize',
      number,
      call,
      screening,
      firstSend,
    });
  }
}

@CommandHandler(CallCapture)
export class CallCaptureHandler extends DeliveryHandler {
  constructor(private readonly calls: ProcessorCalls) {
    super();
  }

  protected override async handle(delivery: Delivery): Promise<void> {
    if (!(await this.calls.isOpen(delivery, 'capture'))) return;
    const { number, call } = delivery.event
      .data as unknown as PaymentIntentEventData<'CaptureStarted'>;
    await this.calls.perform(delivery, {
      operation: 'capture',
      about: 'capture',
      number,
      call,
      firstSend: this.calls.isFirst(delivery),
    });
  }
}

@CommandHandler(CallVoid)
export class CallVoidHandler extends DeliveryHandler {
  constructor(private readonly calls: ProcessorCalls) {
    super();
  }

  protected override async handle(delivery: Delivery): Promise<void> {
    if (!(await this.calls.isOpen(delivery, 'void'))) return;
    const { number, call } = delivery.event
      .data as unknown as PaymentIntentEventData<'VoidStarted'>;
    await this.calls.perform(delivery, {
      operation: 'void',
      about: 'void',
      number,
      call,
      firstSend: this.calls.isFirst(delivery),
    });
  }
}

@CommandHandler(CallRefund)
export class CallRefundHandler extends DeliveryHandler {
  constructor(private readonly calls: ProcessorCalls) {
    super();
  }

  protected override async handle(delivery: Delivery): Promise<void> {
    const { refund, number, call } = delivery.event
      .data as unknown as PaymentIntentEventData<'RefundStarted'>;
    if (delivery.redelivered && !(await this.calls.pending(delivery, refund))) return;
    const firstSend = this.calls.isFirst(delivery);
    await this.calls.perform(delivery, {
      operation: 'refund',
      about: 'refund',
      refund,
      number,
      call,
      firstSend,
    });
  }
}
