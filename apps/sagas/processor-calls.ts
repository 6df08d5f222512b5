import { Injectable } from '@nestjs/common';
import { Bus, BusError } from '#bus';
import type { Messages, ProcessorCall } from '#contracts';
import type { AttemptFacts, CallFacts, MoneyOperation, Outcome, PrepareOutcome } from '#domain';
import type { Delivery } from '#runtime';
import { causedBy, idOfStream } from './caused.js';
import { Sender } from './sender.js';

/** Longer than a connector's soft deadline: an answer after that arrives as a late one. */
const CALL_TIMEOUT_MS = 15_000;

interface Call {
  operation: ProcessorCall['operation'];
  about: MoneyOperation;
  number: number;
  call: CallFacts;
  firstSend: boolean;
  /** The probe that this call is. */
  probe?: number;
}

/** Calls a processor about an attempt and reports to the payment's actor what came of it. */
@Injectable()
export class ProcessorCalls {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly sender: Sender,
  ) {}

  /** True when nobody, in this life or another, can have acted on the event before. */
  isFirst(delivery: Delivery): boolean {
    return !delivery.redelivered && delivery.event.data['sender'] === this.sender.id;
  }

  /** What is still open of a payment, for a delivery that may have been acted on before. */
  pending(delivery: Delivery): Promise<AttemptFacts | null> {
    const id = idOfStream(delivery.event.stream);
    return this.bus.request('queries.payment_intent.pending', { id });
  }

  /** Whether a delivery that may be a repeat still has something to do. */
  async isOpen(delivery: Delivery, operation: MoneyOperation): Promise<boolean> {
    if (!delivery.redelivered) return true;
    const pending = await this.pending(delivery);
    return pending?.operation === operation && pending.number === delivery.event.data['number'];
  }

  async perform(delivery: Delivery, call: Call): Promise<void> {
    const asked = await this.ask(delivery, call);
    const { outcome, processors } = asked;
    const durationMs = Math.round(asked.durationMs);
    const { number, probe, firstSend } = call;
    const acting = { number, probe, processors, sender: this.sender.id };
    await this.bus.request('commands.payment_intent.tell', {
      ...causedBy(delivery.event, call.operation),
      id: idOfStream(delivery.event.stream),
      command:
        call.operation === 'prepare'
          ? {
              type: 'RecordPreparation',
              ...acting,
              outcome: outcome as PrepareOutcome,
              durationMs,
            }
          : recordOf(call.about, acting, outcome as Outcome, durationMs, firstSend),
    });
  }

  private async ask(
    { event }: Delivery,
    { operation, about, number, call, firstSend }: Call,
  ): Promise<Messages['effects.processors.call']['reply']> {
    const { commandId: _commandId, ...cause } = causedBy(event, operation);
    const intent = idOfStream(event.stream);
    try {
      return await this.bus.request(
        'effects.processors.call',
        { intent, number, operation, about, resend: !firstSend, order: call, cause },
        { timeoutMs: CALL_TIMEOUT_MS },
      );
    } catch (error) {
      // Nobody listened: nothing was sent, and the delivery waits. Anything else may have been sent.
      if (!(error instanceof BusError) || error.reason === 'no_responder') throw error;
      const evidence = `connector_${error.reason}`;
      const kind = operation === 'prepare' ? 'not_executed' : 'unknown';
      const processors = await this.bus.request('effects.processors.facts', {});
      return { outcome: { kind, evidence }, durationMs: CALL_TIMEOUT_MS, processors };
    }
  }
}

function recordOf(
  about: MoneyOperation,
  acting: {
    number: number;
    probe?: number;
    sender: string;
    processors: Messages['effects.processors.facts']['reply'];
  },
  outcome: Outcome,
  durationMs: number,
  firstSend: boolean,
): Messages['commands.payment_intent.tell']['request']['command'] {
  switch (about) {
    case 'authorize':
      return { type: 'RecordAuthorization', ...acting, outcome, durationMs, firstSend };
    case 'capture':
      return { type: 'RecordCapture', ...acting, outcome };
    case 'void':
      return { type: 'RecordVoid', ...acting, outcome };
  }
}
