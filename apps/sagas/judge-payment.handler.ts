import { CommandHandler } from '@nestjs/cqrs';
import { Bus } from '#bus';
import type { EarlierClaim, Messages } from '#contracts';
import {
  type ApprovalReason,
  type Failure,
  type FraudScreening,
  type JsonRecord,
  type MandateCheck,
  type MandateJudgement,
  type PolicyJudgement,
  type RequestedFacts,
  failure,
  reviewReason,
  toRfc3339,
} from '#domain';
import type { RecordedEvent } from '#event-store';
import { Clock } from '#platform';
import { PolicyEngine } from '#policy';
import { type Delivery, DeliveryHandler } from '#runtime';
import { ApprovalTime } from './approval-time.js';
import { causedBy, payerOf } from './caused.js';
import { JudgePayment } from './payment-lifecycle.commands.js';
import { Sender } from './sender.js';

interface Judgement {
  policy: PolicyJudgement | null;
  fraud: FraudScreening | null;
  mandate: MandateJudgement | null;
  refusal: Failure | null;
  reasons: ApprovalReason[];
}

const NOTHING: Judgement = { policy: null, fraud: null, mandate: null, refusal: null, reasons: [] };

type Standing = NonNullable<Messages['queries.agent.standing']['reply']>;

/** What the judges need of the request, read once. */
interface Purchase {
  requested: RequestedFacts;
  payee: { id: string; mcc?: string; country?: string; name?: string; domain?: string };
  amountMinor: number;
  currency: string;
}

/**
 * The purchase is claimed, policy and fraud screen give their reasons, and the budget is asked last. The first that refuses ends
 * it; who wants a human asked is gathered. After an approval all are heard once more.
 */
@CommandHandler(JudgePayment)
export class JudgePaymentHandler extends DeliveryHandler {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly policy: PolicyEngine,
    private readonly clock: Clock,
    private readonly sender: Sender,
    private readonly approvalTime: ApprovalTime,
  ) {
    super();
  }

  protected override async handle(delivery: Delivery): Promise<void> {
    const purchase = purchaseOf(delivery.event);
    const judgement = await this.judge(delivery, purchase);
    const processors = await this.bus.request('effects.processors.facts', {});
    await this.bus.request('commands.payment_intent.tell', {
      ...causedBy(delivery.event, 'judge'),
      id: purchase.requested.id,
      command: {
        type: 'JudgePayment',
        ...judgement,
        processors,
        approvalDueAt: toRfc3339(this.clock.now() + this.approvalTime.ms),
        sender: this.sender.id,
      },
      payer: payerOf(purchase.requested),
    });
  }

  private async judge(delivery: Delivery, purchase: Purchase): Promise<Judgement> {
    // The claim is written while the others think; no limit is touched before it is there.
    const [duplicate, heard] = await Promise.all([
      this.claim(delivery, purchase),
      this.hear(purchase),
    ]);
    if (duplicate) return { ...NOTHING, refusal: duplicate };
    if (heard.refusal) return heard;
    const reserved = await this.reserve(delivery, purchase);
    return { ...heard, ...reserved, reasons: [...heard.reasons, ...reserved.reasons] };
  }

  /** Why this purchase must not be made again; null when it is claimed for this payment. */
  private async claim(delivery: Delivery, purchase: Purchase): Promise<Failure | null> {
    const { agent, id: intent, purchase: stream, request } = purchase.requested;
    if (stream === undefined) return null;
    const distinctFrom = (request['distinct_from'] ?? []) as string[];
    const ask = () =>
      this.bus.request('commands.purchase.claim', {
        ...causedBy(delivery.event, 'claim'),
        purchase: stream,
        intent,
        agent,
        distinctFrom,
      });
    let answer = await ask();
    if (!answer.claimed && (await this.freeEnded(delivery, stream, answer.earlier)))
      answer = await ask();
    return answer.claimed ? null : duplicateOf(agent, answer.earlier);
  }

  /** An earlier payment that ended a moment ago with no money moved may not have freed its claim yet. */
  private async freeEnded(
    { event }: Delivery,
    purchase: string,
    earlier: readonly EarlierClaim[],
  ): Promise<boolean> {
    let freed = false;
    for (const { intent } of earlier) {
      const asked = { id: intent };
      if (!(await this.bus.request('queries.payment_intent.ended_without_money', asked))) continue;
      const cause = causedBy(event, `free/${intent}`);
      await this.bus.request('commands.purchase.free', { ...cause, purchase, intent });
      freed = true;
    }
    return freed;
  }

  private async hear(purchase: Purchase): Promise<Judgement> {
    const standing = await this.standing(purchase);
    if (standing?.status !== 'active')
      return { ...NOTHING, refusal: failure('agent_suspended', 'The agent is suspended.') };
    const policy = this.decidePolicy(purchase, standing);
    const denied = policyRefusal(policy);
    if (denied) return { ...NOTHING, policy, refusal: denied };
    const fraud = await this.screen(purchase, standing);
    const reasons = [...policyReasons(policy), ...fraudReasons(fraud)];
    return { policy, fraud, mandate: null, refusal: fraudRefusal(fraud), reasons };
  }

  private standing({ requested, currency }: Purchase) {
    const { tenant, agent, mandate } = requested;
    return this.bus.request('queries.agent.standing', { tenant, agent, mandate, currency });
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
      captureMethod: request['capture_method'] === 'manual' ? 'manual' : 'automatic',
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
  ): Promise<Pick<Judgement, 'mandate' | 'refusal' | 'reasons'>> {
    const { agent, mandate, id: intent } = requested;
    if (mandate === null) {
      const detail = 'The request names no mandate and the agent does not have exactly one.';
      return { mandate: null, refusal: failure('mandate_required', detail), reasons: [] };
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
      reasons: mandateReasons(checks),
    };
  }
}

/** From the request itself, or from the approval of it. */
function purchaseOf({ type, data }: RecordedEvent): Purchase {
  const requested = (type === 'ApprovalGranted'
    ? data['payment']
    : data) as unknown as RequestedFacts;
  const { request } = requested;
  return {
    requested,
    payee: request['payee'] as unknown as Purchase['payee'],
    amountMinor: Number(request['amount']),
    currency: String(request['currency']),
  };
}

/** Names the earlier payment to its own agent only. */
function duplicateOf(agent: string, earlier: readonly EarlierClaim[]): Failure {
  const own = earlier.find((claim) => claim.agent === agent);
  const named = own ?? earlier[0];
  const detail = own
    ? 'This purchase was made before; say so in distinct_from if it is another one.'
    : 'This purchase was made before, by another agent.';
  const violation = {
    pointer: '/order_reference',
    rule: 'distinct_purchase',
    ...(own && { payment_intent: `pi_${own.intent}` }),
    ...(named && { resets_at: named.until }),
  };
  return { ...failure('possible_duplicate', detail), violations: [violation] };
}

function policyRefusal({ decision, determining }: PolicyJudgement): Failure | null {
  if (decision !== 'deny') return null;
  const rules = determining.length > 0 ? determining.join(', ') : 'no policy permits it';
  return failure('policy_denied', `The policy does not allow this payment: ${rules}.`);
}

function policyReasons({ decision, determining, rules }: PolicyJudgement): ApprovalReason[] {
  if (decision !== 'ask') return [];
  return determining.map((rule) => {
    const description = rules.find((each) => each.rule === rule)?.['description'];
    const detail = typeof description === 'string' ? description : 'A policy asks for a human.';
    return { source: 'policy', rule, detail };
  });
}

function fraudRefusal({ verdict, reason, score }: FraudScreening): Failure | null {
  if (verdict !== 'block') return null;
  return reason === 'velocity'
    ? failure('velocity_exceeded', 'The agent pays more often than its mandate tolerates.')
    : failure('fraud_blocked', `The fraud screen said block (score ${score}).`);
}

function fraudReasons(fraud: FraudScreening): ApprovalReason[] {
  return fraud.verdict === 'review' ? [reviewReason(fraud)] : [];
}

function mandateReasons(checks: readonly MandateCheck[]): ApprovalReason[] {
  return checks
    .filter(({ result }) => result === 'asked')
    .map(({ rule, limit, requested }) => {
      const detail = `The mandate asks for a human above ${limit}; ${requested} were requested.`;
      return { source: 'mandate', rule, detail };
    });
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
