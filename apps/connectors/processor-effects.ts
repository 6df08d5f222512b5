import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import type { Caused, Messages, ProcessorCall } from '#contracts';
import {
  type CallFacts,
  type MoneyOperation,
  type Outcome,
  type PrepareOutcome,
  type ProcessorFacts,
  type RefundOutcome,
  toEpochMs,
} from '#domain';
import { Clock, Trouble } from '#platform';
import {
  type AttemptOrder,
  type GuardedProcessor,
  type LookUpAnswer,
  ProcessorRegistry,
} from '#processors';
import { ProcessorCards } from './processor-cards.js';

interface Answered {
  outcome: Outcome | PrepareOutcome | RefundOutcome;
  durationMs: number;
}

/** The calls to processors, and what came of them. */
@Injectable()
export class ProcessorEffects {
  constructor(
    private readonly registry: ProcessorRegistry,
    private readonly bus: Bus<Messages>,
    private readonly clock: Clock,
    private readonly trouble: Trouble,
    private readonly cards: ProcessorCards,
  ) {}

  /** All processors in order of preference, with their breakers as they are now. */
  facts(): ProcessorFacts[] {
    return this.registry.all().map((processor) => {
      const { authorization, fence, lookUp, idempotencyKey, authorizationValidForMs, currencies } =
        processor.capabilities;
      return {
        name: processor.name,
        breaker: processor.availability(),
        authorization,
        fence,
        lookUp,
        keySafeForMs: idempotencyKey.safeForMs,
        authorizationValidForMs,
        currencies,
      };
    });
  }

  async call(call: ProcessorCall): Promise<Answered> {
    const processor = this.registry.find(call.order.processor);
    if (!processor) return this.unsent(call, 'processor_not_configured');
    const { about } = call;
    if (call.operation === 'look_up') {
      const order = orderOf(call.order);
      if (about === 'refund') return processor.lookUpRefund(order);
      const startedMs = this.clock.monotonicMs();
      const outcome = meaningOf(await processor.lookUp(order), about);
      return { outcome, durationMs: this.clock.monotonicMs() - startedMs };
    }
    // Past its safe age a key may be a new charge; a fence takes no money at any age.
    const keyIsSafe = this.clock.now() < toEpochMs(call.order.keySafeUntil);
    if (!keyIsSafe && call.operation !== 'fence') return this.unsent(call, 'key_past_safe_age');
    const startedMs = this.clock.monotonicMs();
    const resolved = await this.cards.resolve(call, processor);
    const answered =
      'outcome' in resolved
        ? this.unprovisioned(call, resolved.outcome, this.clock.monotonicMs() - startedMs)
        : await this.send(processor, call, call.operation, resolved.paymentMethod);
    await this.cards.heed(call, answered.outcome);
    return answered;
  }

  private async send(
    processor: GuardedProcessor,
    call: ProcessorCall,
    operation: Exclude<ProcessorCall['operation'], 'look_up'>,
    paymentMethod: string,
  ): Promise<Answered> {
    const order = { ...orderOf(call.order), paymentMethod };
    if (operation === 'prepare') return processor.call('prepare', order);
    const late = (outcome: Outcome | RefundOutcome) => void this.reportLate(call, outcome);
    if (operation === 'refund') return processor.call('refund', order, late);
    const again = operation === 'authorize' && call.resend;
    return processor.call(again ? 'resend' : operation, order, late);
  }

  /** Nothing was sent now; what was sent before stays as unknown as it is. */
  private unsent({ operation }: ProcessorCall, evidence: string): Answered {
    const kind = operation === 'prepare' ? 'not_executed' : 'unknown';
    return { outcome: { kind, evidence }, durationMs: 0 };
  }

  /** The call was not made. What an earlier one like it came to, that does not say. */
  private unprovisioned(
    { operation, resend }: ProcessorCall,
    outcome: Outcome & PrepareOutcome,
    durationMs: number,
  ): Answered {
    const isRepeat = operation !== 'prepare' && resend;
    const evidence = 'evidence' in outcome ? outcome.evidence : 'card_refused';
    return { outcome: isRepeat ? { kind: 'unknown', evidence } : outcome, durationMs };
  }

  /** An answer after the soft deadline settles what was already called unknown. If it gets lost, a probe finds it out. */
  private async reportLate(call: ProcessorCall, outcome: Outcome | RefundOutcome): Promise<void> {
    try {
      await this.bus.request('commands.payment_intent.tell', {
        ...lateCause(call),
        id: call.intent,
        command: lateRecord(call, outcome),
      });
    } catch (error) {
      this.trouble.report(`a late answer about ${call.intent} could not be reported`, error);
    }
  }
}

function orderOf({
  key,
  amountMinor,
  currency,
  paymentMethod,
  reference,
  refund,
}: CallFacts): AttemptOrder {
  const order = { key, amountMinor, currency, paymentMethod };
  return {
    ...order,
    ...(reference !== null && { reference }),
    ...(refund && {
      refund: {
        key: refund.key,
        ...(refund.reference !== null && { reference: refund.reference }),
      },
    }),
  };
}

function lateCause({ cause, operation, number }: ProcessorCall): Caused {
  return { ...cause, commandId: `${cause.causationId}/late/${operation}/${number}` };
}

function lateRecord(
  { about, number, refund }: ProcessorCall,
  outcome: Outcome | RefundOutcome,
): Messages['commands.payment_intent.tell']['request']['command'] {
  const sender = 'late_answer';
  if (about === 'refund')
    return {
      type: 'RecordRefund',
      refund: refund ?? '',
      outcome: outcome as RefundOutcome,
      sender,
    };
  const recorded = { number, outcome: outcome as Outcome, sender };
  switch (about) {
    case 'authorize':
      return { type: 'RecordAuthorization', ...recorded, durationMs: null, firstSend: false };
    case 'capture':
      return { type: 'RecordCapture', ...recorded };
    case 'void':
      return { type: 'RecordVoid', ...recorded };
  }
}

/** What a look-up proves about one operation. "Not found" and "not yet" prove nothing: the original may still land. */
export function meaningOf(answer: LookUpAnswer, about: Exclude<MoneyOperation, 'refund'>): Outcome {
  if (answer.state === 'unproven') return { kind: 'unknown', evidence: answer.evidence };
  if (answer.state === 'declined') {
    const { code, category, message } = answer;
    return about === 'authorize'
      ? { kind: 'declined', code, category, ...(message !== undefined && { message }) }
      : { kind: 'unknown', evidence: 'looked_up_declined' };
  }
  if (answer.state === 'action_required') {
    const { reference, url } = answer;
    return about === 'authorize'
      ? { kind: 'action_required', reference, url }
      : { kind: 'unknown', evidence: 'looked_up_action_required' };
  }
  const { state, reference, amountMinor, currency } = answer;
  const succeeded: Outcome = { kind: 'succeeded', reference, amountMinor, currency };
  const unknown: Outcome = { kind: 'unknown', evidence: `looked_up_${state}` };
  switch (about) {
    case 'authorize':
      return state === 'voided' ? { kind: 'fenced', evidence: 'looked_up_voided' } : succeeded;
    case 'capture':
      if (state === 'voided') {
        return { kind: 'declined', category: 'hard', code: 'authorization_voided', reference };
      }
      return state === 'captured' ? succeeded : unknown;
    case 'void':
      return state === 'voided' ? succeeded : unknown;
  }
}
