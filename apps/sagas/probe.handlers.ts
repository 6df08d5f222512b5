import { CommandHandler } from '@nestjs/cqrs';
import type { AttemptFacts, PaymentIntentEventData, Rung } from '#domain';
import type { ProcessorCall } from '#contracts';
import { type Delivery, DeliveryHandler } from '#runtime';
import { RunProbe } from './payment-lifecycle.commands.js';
import { ProcessorCalls } from './processor-calls.js';

type Probe = PaymentIntentEventData<'ProbeScheduled'>;

/** One try to learn what became of an operation, if it is still open. */
@CommandHandler(RunProbe)
export class RunProbeHandler extends DeliveryHandler {
  constructor(private readonly calls: ProcessorCalls) {
    super();
  }

  protected override async handle(delivery: Delivery): Promise<void> {
    const {
      number,
      operation,
      probe,
      rung,
      refund = null,
    } = delivery.event.data as unknown as Probe;
    const pending = await this.calls.pending(delivery, refund);
    if (pending?.number !== number || pending.operation !== operation) return;
    await this.calls.perform(delivery, {
      operation: probeOperation(rung, pending),
      about: operation,
      refund,
      number,
      call: pending.call,
      firstSend: false,
      probe,
    });
  }
}

function probeOperation(rung: Rung, pending: AttemptFacts): ProcessorCall['operation'] {
  if (rung !== 'resend') return rung;
  const unprepared = pending.authorization === 'two_step' && !pending.prepared;
  return unprepared ? 'prepare' : pending.operation;
}
