import { CommandHandler } from '@nestjs/cqrs';
import { Bus } from '#bus';
import type { AgentActivity, Messages } from '#contracts';
import type { PaymentIntentEventData } from '#domain';
import { type Delivery, DeliveryHandler } from '#runtime';
import { causedBy, idOfStream } from './caused.js';
import { ScreenCapture } from './payment-lifecycle.commands.js';
import { Sender } from './sender.js';

/** Money is held: fraud is screened once more before it is taken. */
@CommandHandler(ScreenCapture)
export class ScreenCaptureHandler extends DeliveryHandler {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly sender: Sender,
  ) {
    super();
  }

  protected override async handle(delivery: Delivery): Promise<void> {
    const { number, screening } = delivery.event
      .data as unknown as PaymentIntentEventData<'PaymentAuthorized'>;
    const { tenant, agent, mandate, currency } = screening;
    const standing = await this.bus.request('queries.agent.standing', {
      tenant,
      agent,
      mandate,
      currency,
    });
    const fraud = await this.bus.request('effects.fraud.screen', {
      stage: 'capture',
      tenant,
      agent,
      payee: screening.payee,
      amountMinor: screening.amountMinor,
      currency,
      paymentMethod: screening.paymentMethod,
      activity: standing ? before(standing.activity, screening.amountMinor) : NO_ACTIVITY,
      velocityRules: standing?.velocityRules ?? false,
    });
    await this.bus.request('commands.payment_intent.tell', {
      ...causedBy(delivery.event, 'decide_capture'),
      id: idOfStream(delivery.event.stream),
      command: { type: 'DecideCapture', number, fraud, sender: this.sender.id },
    });
  }
}

/** What the agent did besides this payment, which counts since its attempt started. */
function before(activity: AgentActivity, amountMinor: number): AgentActivity {
  const { countLastMinute, countLastHour, countLastDay, amountLastDayMinor } = activity;
  return {
    countLastMinute: Math.max(0, countLastMinute - 1),
    countLastHour: Math.max(0, countLastHour - 1),
    countLastDay: Math.max(0, countLastDay - 1),
    amountLastDayMinor: Math.max(0, amountLastDayMinor - amountMinor),
  };
}

const NO_ACTIVITY: AgentActivity = {
  countLastMinute: 0,
  countLastHour: 0,
  countLastDay: 0,
  amountLastDayMinor: 0,
};
