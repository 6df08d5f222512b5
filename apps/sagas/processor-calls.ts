import { Injectable } from '@nestjs/common';
import { Bus, BusError } from '#bus';
import type { Messages, ProcessorCall } from '#contracts';
import type {
  AttemptFacts,
  CallFacts,
  CaptureJudgement,
  MoneyOperation,
  Outcome,
  PrepareOutcome,
  RefundOutcome,
  ScreeningFacts,
} from '#domain';
import type { Delivery } from '#runtime';
import { CaptureScreen } from './capture-screen.js';
import { causedBy, idOfStream, payerOf } from './caused.js';
import { Sender } from './sender.js';

/** Longer than a connector's soft deadline: an answer after that arrives as a late one. */
const CALL_TIMEOUT_MS = 15_000;

type Tell = Messages['commands.payment_intent.tell']['request']['command'];

interface Call {
  operation: ProcessorCall['operation'];
  about: MoneyOperation;
  /** Which refund it is about. */
  refund?: string | null;
  number: number;
  call: CallFacts;
  firstSend: boolean;
  /** What is asked before a capture that follows at once. */
  screening?: ScreeningFacts | null;
  /** The probe that this call is. */
  probe?: number;
}

/** Calls a processor about an attempt and reports to the payment's actor what came of it. */
@Injectable()
export class ProcessorCalls {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly captures: CaptureScreen,
    private readonly sender: Sender,
  ) {}

  /** True when nobody, in this life or another, can have acted on the event before. */
  isFirst(delivery: Delivery): boolean {
    return !delivery.redelivered && delivery.event.data['sender'] === this.sender.id;
  }

  /** What is still open of a payment, for a delivery that may have been acted on before. */
  pending(delivery: Delivery, refund: string | null = null): Promise<AttemptFacts | null> {
    const id = idOfStream(delivery.event.stream);
    return this.bus.request('queries.payment_intent.pending', { id, refund });
  }

  /** Durable before anybody but its first sender calls a processor with what authorizes. */
  async takeOver({ event }: Delivery, number: number): Promise<void> {
    await this.bus.request('commands.payment_intent.tell', {
      ...causedBy(event, `take_over/${this.sender.id}`),
      id: idOfStream(event.stream),
      command: { type: 'TakeOverAttempt', number, sender: this.sender.id },
    });
  }

  /** Whether a delivery that somebody else may have acted on still has something to do. */
  async isOpen(delivery: Delivery, operation: MoneyOperation): Promise<boolean> {
    if (this.isFirst(delivery)) return true;
    const pending = await this.pending(delivery);
    return pending?.operation === operation && pending.number === delivery.event.data['number'];
  }

  async perform(delivery: Delivery, call: Call): Promise<void> {
    const { outcome, durationMs } = await this.ask(delivery, call);
    const { about, screening } = call;
    const isHeld = about === 'authorize' && outcome.kind === 'succeeded';
    const capture = isHeld && screening ? await this.captures.judge(screening) : undefined;
    await this.bus.request('commands.payment_intent.tell', {
      ...causedBy(delivery.event, call.operation),
      id: idOfStream(delivery.event.stream),
      command: recordOf(call, outcome, Math.round(durationMs), this.sender.id, capture),
      ...(capture && screening && { payer: payerOf(screening) }),
    });
  }

  private async ask(
    { event }: Delivery,
    { operation, about, refund = null, number, call, firstSend }: Call,
  ): Promise<Messages['effects.processors.call']['reply']> {
    const { commandId: _commandId, ...cause } = causedBy(event, operation);
    const intent = idOfStream(event.stream);
    try {
      return await this.bus.request(
        'effects.processors.call',
        { intent, number, operation, about, refund, resend: !firstSend, order: call, cause },
        { timeoutMs: CALL_TIMEOUT_MS },
      );
    } catch (error) {
      // Nobody listened: nothing was sent, and the delivery waits. Anything else may have been sent.
      if (!(error instanceof BusError) || error.reason === 'no_responder') throw error;
      const evidence = `connector_${error.reason}`;
      const kind = operation === 'prepare' ? 'not_executed' : 'unknown';
      return { outcome: { kind, evidence }, durationMs: CALL_TIMEOUT_MS };
    }
  }
}

function recordOf(
  { operation, about, refund, number, probe, firstSend }: Call,
  outcome: Outcome | PrepareOutcome | RefundOutcome,
  durationMs: number,
  sender: string,
  capture: CaptureJudgement | undefined,
): Tell {
  if (operation === 'prepare') {
    const prepared = outcome as PrepareOutcome;
    return { type: 'RecordPreparation', number, outcome: prepared, durationMs, sender };
  }
  const recorded = { number, probe, sender, outcome: outcome as Outcome };
  switch (about) {
    case 'authorize':
      return { type: 'RecordAuthorization', ...recorded, durationMs, firstSend, capture };
    case 'capture':
      return { type: 'RecordCapture', ...recorded };
    case 'void':
      return { type: 'RecordVoid', ...recorded };
    case 'refund': {
      const refunded = outcome as RefundOutcome;
      return { type: 'RecordRefund', refund: refund ?? '', outcome: refunded, probe, sender };
    }
  }
}
