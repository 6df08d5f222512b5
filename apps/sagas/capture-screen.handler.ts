import { CommandHandler } from '@nestjs/cqrs';
import { Bus } from '#bus';
import type { Messages } from '#contracts';
import type { PaymentIntentEventData, ScreeningFacts } from '#domain';
import type { RecordedEvent } from '#event-store';
import { type Delivery, DeliveryHandler } from '#runtime';
import { CaptureScreen } from './capture-screen.js';
import { causedBy, idOfStream, payerOf } from './caused.js';
import { ScreenCapture } from './payment-lifecycle.commands.js';
import { Sender } from './sender.js';

/** Money is held and to be captured: fraud is screened once more before it is taken. */
@CommandHandler(ScreenCapture)
export class ScreenCaptureHandler extends DeliveryHandler {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly captures: CaptureScreen,
    private readonly sender: Sender,
  ) {
    super();
  }

  protected override async handle({ event }: Delivery): Promise<void> {
    const held = heldOf(event);
    if (!held?.screening) return;
    const { number, screening } = held;
    const judgement = await this.captures.judge(screening);
    await this.bus.request('commands.payment_intent.tell', {
      ...causedBy(event, 'decide_capture'),
      id: idOfStream(event.stream),
      command: { type: 'DecideCapture', number, ...judgement, sender: this.sender.id },
      payer: payerOf(screening),
    });
  }
}

/** What is held and to be captured: named by the event, or by what an approver agreed to; null when nothing is. */
function heldOf({ type, data }: RecordedEvent): {
  number: number;
  screening: ScreeningFacts | null;
} | null {
  return type === 'ApprovalGranted'
    ? (data as unknown as PaymentIntentEventData<'ApprovalGranted'>).held
    : (data as unknown as PaymentIntentEventData<'PaymentAuthorized' | 'CaptureRequested'>);
}
