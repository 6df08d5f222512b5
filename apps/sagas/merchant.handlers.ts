import { CommandHandler } from '@nestjs/cqrs';
import { Bus, BusError } from '#bus';
import type { Messages } from '#contracts';
import type { ReservationCall, ReservationOperation, ReservationOutcome } from '#domain';
import type { RecordedEvent } from '#event-store';
import { type Delivery, DeliveryHandler } from '#runtime';
import { causedBy, idOfStream } from './caused.js';
import { CallMerchant } from './payment-lifecycle.commands.js';
import { Sender } from './sender.js';

/** More than a merchant is given to answer. */
const CALL_TIMEOUT_MS = 10_000;

const OPERATIONS: Readonly<Record<string, ReservationOperation>> = {
  ReservationStarted: 'reserve',
  ReservationConfirmStarted: 'confirm',
  ReservationReleaseStarted: 'release',
};

/** One step of a reservation. Every step is told by the same key, so that a repeat does no harm. */
@CommandHandler(CallMerchant)
export class CallMerchantHandler extends DeliveryHandler {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly sender: Sender,
  ) {
    super();
  }

  protected override async handle({ event }: Delivery): Promise<void> {
    const { operation, tried, call } = stepOf(event);
    const outcome = await this.ask(operation, call);
    await this.bus.request('commands.payment_intent.tell', {
      ...causedBy(event, operation),
      id: idOfStream(event.stream),
      command: {
        type: 'RecordReservation',
        operation,
        try: tried,
        outcome,
        sender: this.sender.id,
      },
    });
  }

  private async ask(
    operation: ReservationOperation,
    call: ReservationCall,
  ): Promise<ReservationOutcome> {
    try {
      const asked = { operation, call };
      const limit = { timeoutMs: CALL_TIMEOUT_MS };
      return (await this.bus.request('effects.reservations.call', asked, limit)).outcome;
    } catch (error) {
      if (!(error instanceof BusError) || error.reason === 'no_responder') throw error;
      return { kind: 'unknown', evidence: `connector_${error.reason}` };
    }
  }
}

function stepOf({ type, data }: RecordedEvent): {
  operation: ReservationOperation;
  tried: number;
  call: ReservationCall;
} {
  const call = data['call'] as unknown as ReservationCall;
  const first = OPERATIONS[type];
  return first
    ? { operation: first, tried: 0, call }
    : { operation: data['operation'] as ReservationOperation, tried: Number(data['try']), call };
}
