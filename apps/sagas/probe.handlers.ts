import { CommandHandler } from '@nestjs/cqrs';
import { type AttemptFacts, type PaymentIntentEventData, type Rung, toEpochMs } from '#domain';
import type { ProcessorCall } from '#contracts';
import { type Delivery, DeliveryHandler, SagaRuntime } from '#runtime';
import { RunProbe, ScheduleProbe } from './payment-lifecycle.commands.js';
import { ProcessorCalls } from './processor-calls.js';

type Probe = PaymentIntentEventData<'ProbeScheduled'>;

@CommandHandler(ScheduleProbe)
export class ScheduleProbeHandler extends DeliveryHandler {
  constructor(private readonly runtime: SagaRuntime) {
    super();
  }

  protected override handle({ event }: Delivery): Promise<void> {
    const { dueAt } = event.data as unknown as Probe;
    this.runtime.schedule(event, toEpochMs(dueAt));
    return Promise.resolve();
  }
}

/** One try to learn what became of an operation, if it is still open. */
@CommandHandler(RunProbe)
export class RunProbeHandler extends DeliveryHandler {
  constructor(private readonly calls: ProcessorCalls) {
    super();
  }

  protected override async handle(delivery: Delivery): Promise<void> {
    const { number, operation, probe, rung } = delivery.event.data as unknown as Probe;
    const pending = await this.calls.pending(delivery);
    if (pending?.number !== number || pending.operation !== operation) return;
    await this.calls.perform(delivery, {
      operation: probeOperation(rung, pending),
      about: operation,
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
