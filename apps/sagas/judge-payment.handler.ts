import { CommandHandler } from '@nestjs/cqrs';
import { Bus } from '#bus';
import type { AgentActivity, Messages } from '#contracts';
import {
  type Failure,
  type FraudScreening,
  type JsonRecord,
  type MandateCheck,
  type MandateJudgement,
  type PaymentIntentEventData,
  type PolicyJudgement,
  failure,
} from '#domain';
import { Clock } from '#platform';
import { PolicyEngine } from '#policy';
import { type Delivery, DeliveryHandler } from '#runtime';
import { causedBy } from './caused.js';
import { JudgePayment } from './payment-lifecycle.commands.js';
import { Sender } from './sender.js';

interface Judgement {
  policy: PolicyJudgement | null;
  fraud: FraudScreening | null;
  mandate: MandateJudgement | null;
  refusal: Failure | null;
}

interface Standing {
  name: string;
  status: 'active' | 'suspended';
  activity: AgentActivity;
  velocityRules: boolean;
}

type Requested = PaymentIntentEventData<'PaymentIntentRequested'>;

/** What the judges need of the request, read once. */
interface Purchase {
  requested: Requested;
  payee: { id: string; mcc?: string; country?: string; name?: string; domain?: string };
  amountMinor: number;
  currency: string;
}

/** Policy, fraud and mandate each give their reasons; the first that refuses ends it, and the budget is asked last. */
@CommandHandler(JudgePayment)
export class JudgePaymentHandler extends DeliveryHandler {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly policy: PolicyEngine,
    private readonly clock: Clock,
    private readonly sender: Sender,
  ) {
    super();
  }

  protected override async handle(delivery: Delivery): Promise<void> {
    const requested = delivery.event.data as unknown as Requested;
    const purchase = purchaseOf(requested);
    const judgement = await this.judge(delivery, purchase);
    const processors = await this.bus.request('effects.processors.facts', {});
    await this.bus.request('commands.payment_intent.tell', {
      ...causedBy(delivery.event, 'judge'),
      id: requested.id,
      command: { type: 'JudgePayment', ...judgement, processors, sender: this.sender.id },
    });
  }

  private async judge(delivery: Delivery, purchase: Purchase): Promise<Judgement> {
    const { tenant, agent, mandate } = purchase.requested;
    const { currency } = purchase;
    const nothing: Judgement = { policy: null, fraud: null, mandate: null, refusal: null };
    const standing = await this.bus.request('queries.agent.standing', {
      tenant,
      agent,
      mandate,
      currency,
    });
    if (standing?.status !== 'active')
      return { ...nothing, refusal: failure('agent_suspended', 'The agent is suspended.') };
    const policy = this.decidePolicy(purchase, standing);
    const denied = policyRefusal(policy);
    if (denied) return { ...nothing, policy, refusal: denied };
    const fraud = await this.screen(purchase, standing);
    const blocked = fraudRefusal(fraud);
    if (blocked) return { ...nothing, policy, fraud, refusal: blocked };
    const reserved = await this.reserve(delivery, purchase);
    return { policy, fraud, ...reserved };
  }

  private decidePolicy({ requested, payee, amountMinor, currency }: Purchase, standing: Standing) {
    const { tenant, agent, mandate, request } = requested;
    const decision = this.policy.decide({
      tenant,
      agent: { id: agent, name: standing.name },
      mandate: mandate === null ? null : { id: mandate },
      payee,
      amountMinor,
      currency,
      captureMethod: 'automatic',
      ...(typeof request['purpose'] === 'string' && { purpose: request['purpose'] }),
      now: new Date(this.clock.now()).toISOString(),
    });
    const { bundle, determining, evaluated, errors, inputs } = decision;
    return {
      decision: decision.decision,
      bundle,
      determining,
      rules: [
        ...evaluated.map(({ id, effect, ask, description, matched }) => ({
          rule: id,
          result: matched ? 'matched' : 'not_matched',
          effect: ask ? 'ask' : effect,
          description,
        })),
        ...errors.map((error) => ({ rule: 'evaluation', result: 'error', error })),
      ],
      inputs: inputs as JsonRecord,
    };
  }

  private screen(
    { requested, payee, amountMinor, currency }: Purchase,
    { activity, velocityRules }: Standing,
  ): Promise<FraudScreening> {
    const { tenant, agent, request } = requested;
    return this.bus.request('effects.fraud.screen', {
      stage: 'authorization',
      tenant,
      agent,
      payee,
      amountMinor,
      currency,
      paymentMethod: String(request['payment_method']),
      activity,
      velocityRules,
    });
  }

  private async reserve(
    delivery: Delivery,
    { requested, payee, amountMinor, currency }: Purchase,
  ): Promise<Pick<Judgement, 'mandate' | 'refusal'>> {
    const { agent, mandate, id: intent } = requested;
    if (mandate === null) {
      const detail = 'The request names no mandate and the agent does not have exactly one.';
      return { mandate: null, refusal: failure('mandate_required', detail) };
    }
    const { decision, code, checks } = await this.bus.request('commands.mandate.reserve', {
      ...causedBy(delivery.event, 'reserve'),
      mandate,
      agent,
      intent,
      amountMinor,
      currency,
      payee: { id: payee.id, mcc: payee.mcc ?? null },
    });
    const judgement: MandateJudgement = {
      mandate,
      decision,
      code,
      rules: checks.map((check) => ({ ...check })),
    };
    return {
      mandate: judgement,
      refusal: decision === 'reserved' ? null : mandateRefusal(code, checks),
    };
  }
}

function purchaseOf(requested: Requested): Purchase {
  const { request } = requested;
  return {
    requested,
    payee: request['payee'] as unknown as Purchase['payee'],
    amountMinor: Number(request['amount']),
    currency: String(request['currency']),
  };
}

function policyRefusal({ decision, determining }: PolicyJudgement): Failure | null {
  if (decision === 'allow') return null;
  const rules = determining.length > 0 ? determining.join(', ') : 'no policy permits it';
  return decision === 'ask'
    ? failure('policy_denied', `A human would have to approve this (${rules}).`)
    : failure('policy_denied', `The policy does not allow this payment: ${rules}.`);
}

function fraudRefusal({ verdict, reason, score }: FraudScreening): Failure | null {
  if (verdict === 'allow') return null;
  return reason === 'velocity'
    ? failure('velocity_exceeded', 'The agent pays more often than its mandate tolerates.')
    : failure('fraud_blocked', `The fraud screen said ${verdict} (score ${score}).`);
}

function mandateRefusal(code: string | null, checks: readonly MandateCheck[]): Failure {
  const violations = checks
    .filter(({ result, limit }) => result === 'failed' && limit !== undefined)
    .map((check) => ({
      pointer: '/amount',
      rule: check.rule,
      limit: check.limit ?? null,
      used: check.used ?? 0,
      held: check.held ?? 0,
      requested: check.requested ?? null,
      remaining: check.remaining ?? null,
      resets_at: check.resetsAt ?? null,
    }));
  const rules = checks.filter(({ result }) => result === 'failed').map(({ rule }) => rule);
  const detail = `The mandate does not allow this payment: ${rules.join(', ') || code}.`;
  return { ...failure(code ?? 'mandate_required', detail), violations };
}
