import {
  INITIAL_PAYMENT_INTENT,
  type Json,
  type JsonRecord,
  type PaymentIntentEvent,
  type PaymentIntentEventData,
  type RuleResult,
  evolvePaymentIntent,
  moneyState,
} from '#domain';
import { publicPaymentIntentId } from './payment-intent.rendering.js';
import { cleanText } from './untrusted-text.js';

/** Why the payment went as it did: every rule that was looked at, in that order, as data and in words. */
export function renderExplanation(events: readonly PaymentIntentEvent[]): JsonRecord {
  const state = events.reduce(evolvePaymentIntent, INITIAL_PAYMENT_INTENT);
  return {
    object: 'explanation',
    payment_intent: publicPaymentIntentId(state.id),
    outcome: state.status,
    money_state: moneyState(state),
    versions: {
      policy_bundle: state.policy?.bundle ?? null,
      fraud_provider: state.fraud?.provider ?? null,
    },
    inputs: { request: state.request, policy: state.policy?.inputs ?? null },
    rules: events.flatMap((event) => told(RULES, event)),
    sentences: events.flatMap((event) => told(SENTENCES, event)),
  };
}

type Tellers<Told> = {
  [Type in PaymentIntentEvent['type']]?: (data: PaymentIntentEventData<Type>) => Told[];
};

function told<Told>(tellers: Tellers<Told>, event: PaymentIntentEvent): Told[] {
  const tell = tellers[event.type] as ((data: typeof event.data) => Told[]) | undefined;
  return tell?.(event.data) ?? [];
}

const RULES: Tellers<JsonRecord> = {
  PolicyDecided: ({ bundle, determining, rules }) =>
    rules.map((each) =>
      rule('policy', each, { bundle, determining: determining.includes(each.rule) }),
    ),
  FraudScreened: ({ stage, provider, verdict, score, failMode, rules, error }) => {
    const screened: RuleResult = { rule: `screen.${stage}`, result: verdict, score };
    const more = { stage, provider };
    const summary = { ...more, fail_mode: failMode, ...(error !== null && { error }) };
    return [...rules.map((each) => rule('fraud', each, more)), rule('fraud', screened, summary)];
  },
  MandateDecided: ({ mandate, rules }) => rules.map((each) => rule('mandate', each, { mandate })),
  RouteChosen: ({ candidates }) =>
    candidates.map(({ processor, eligible, reason }) =>
      rule('route', { rule: processor, result: eligible ? 'eligible' : 'skipped', reason }, {}),
    ),
};

function rule(
  source: 'policy' | 'fraud' | 'mandate' | 'route',
  { rule: name, result, ...details }: RuleResult,
  more: Record<string, Json>,
): JsonRecord {
  const named = Object.entries(details)
    .filter(([, value]) => value !== undefined)
    .map(([detail, value]): [string, Json] => [
      snakeCase(detail),
      typeof value === 'string' ? cleanText(value) : (value ?? null),
    ]);
  return { source, rule: name, result, ...Object.fromEntries(named), ...more };
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Sentences name amounts in minor units, as the whole interface does, and no words from outside. */
const SENTENCES: Tellers<string> = {
  PaymentIntentRequested: ({ agent, request }) => [
    `Agent ${agent} asked to pay ${String(request['amount'])} ${String(request['currency'])} in minor units.`,
  ],
  PolicyDecided: ({ decision, bundle, determining }) => [
    `Policy ${bundle} decided ${decision}, determined by ${listed(determining, 'no policy at all')}.`,
  ],
  FraudScreened: ({ stage, verdict, score, provider, failMode }) => [
    failMode === null
      ? `The fraud screen ${provider} before ${stage} said ${verdict} with a score of ${score}.`
      : `The fraud screen ${provider} before ${stage} gave no answer; its fail mode ${failMode} decided ${verdict}.`,
  ],
  MandateDecided: ({ mandate, decision, rules }) => [
    decision === 'reserved'
      ? `Mandate ${mandate} had room within all of its ${rules.length} rules and reserved the amount.`
      : `Mandate ${mandate ?? 'none'} refused the payment.`,
    ...rules.filter(({ result }) => result === 'failed').map(inTheWay),
  ],
  RouteChosen: ({ candidates }) => {
    const skipped = candidates.filter(({ eligible }) => !eligible);
    const eligible = candidates.filter((candidate) => candidate.eligible);
    const reasons = skipped.map(({ processor, reason }) => `${processor} (${reason})`);
    return [
      `The route was ${listed(names(eligible), 'empty')}${reasons.length > 0 ? `; skipped were ${reasons.join(', ')}` : ''}.`,
    ];
  },
  ApprovalRequested: ({ stage, reasons, dueAt }) => [
    `A human is asked before ${stage}, until ${dueAt}: ${listed(
      reasons.map(({ source, rule: name }) => `${source} (${name})`),
      'no reason',
    )}.`,
  ],
  ApprovalGranted: ({ by }) => [`Approver ${by} approved; the judges are asked again.`],
  ApprovalDenied: ({ by }) => [`Approver ${by} denied.`],
  ApprovalExpired: () => ['Nobody approved in time.'],
  ReservationStarted: ({ call }) => [
    `${call.participant} was asked to reserve ${call.items.length} kinds of items.`,
  ],
  ReservationMade: () => ['The items were reserved.'],
  ReservationRefused: () => ['The merchant did not reserve the items.'],
  ReservationRetryScheduled: ({ operation, try: tried, after }) => [
    `The ${operation} at the merchant is tried again, try ${tried + 1}, after ${cleanText(after, 100)}.`,
  ],
  ReservationConfirmStarted: () => ['The reservation is being confirmed.'],
  ReservationConfirmed: () => ['The reservation was confirmed.'],
  ReservationReleaseStarted: () => ['The reservation is being released.'],
  ReservationReleased: () => ['The reservation was released.'],
  AttemptStarted: ({ number, processor }) => [`Attempt ${number} was started at ${processor}.`],
  AttemptTakenOver: ({ number }) => [
    `Attempt ${number} was taken over after its sender was lost; the same key was sent again.`,
  ],
  PaymentAuthorized: ({ number, processor, amountMinor, currency }) => [
    `Attempt ${number} was authorized by ${processor} for ${amountMinor} ${currency}.`,
  ],
  AttemptDeclined: ({ number, category }) => [
    `Attempt ${number} was declined (${category}); ${category === 'soft' ? 'another processor may be asked' : 'nobody else is asked'}.`,
  ],
  AttemptNotExecuted: ({ number, evidence }) => [
    `Attempt ${number} was not executed: ${cleanText(evidence, 100)}.`,
  ],
  AttemptFenced: ({ number, evidence }) => [
    `Attempt ${number} was fenced and can never take money: ${cleanText(evidence, 100)}.`,
  ],
  OutcomeUnknown: ({ number, operation, evidence }) => [
    `What became of the ${operation} of attempt ${number} was unknown (${cleanText(evidence, 100)}), so nobody else was asked.`,
  ],
  PaymentCaptured: ({ processor, amountMinor, currency }) => [
    `At ${processor}, ${amountMinor} ${currency} were captured.`,
  ],
  CaptureDeclined: ({ number }) => [`The capture of attempt ${number} was declined.`],
  VoidStarted: ({ failure }) => [
    `The authorization is being let go because of ${failure?.code ?? 'a cancellation'}.`,
  ],
  AuthorizationVoided: ({ amountMinor }) => [
    `The authorization was voided; ${amountMinor} are held no more.`,
  ],
  CaptureAwaited: ({ dueAt }) => [`The hold waits to be captured, until ${dueAt} at most.`],
  CaptureRequested: ({ amountMinor }) => [`The agent asked to capture ${amountMinor}.`],
  AuthorizationExpired: () => ['Nobody captured the hold in time.'],
  CancelRequested: ({ by }) => [`${by} asked to cancel; nothing new is begun.`],
  RefundStarted: ({ sequence, amountMinor, currency }) => [
    `Refund ${sequence} of ${amountMinor} ${currency} was begun.`,
  ],
  RefundAccepted: () => ['The processor accepted the refund and decides later.'],
  RefundSucceeded: ({ amountMinor, currency }) => [`${amountMinor} ${currency} were refunded.`],
  RefundFailed: () => ['The refund failed; the money stays where it is.'],
  DisputeEvidenceRequested: ({ amountMinor, currency, evidenceDueAt }) => [
    `The buyer's bank asks about ${amountMinor} ${currency}${dueBefore(evidenceDueAt)}.`,
  ],
  DisputeOpened: ({ amountMinor, currency, evidenceDueAt }) => [
    `The buyer disputes ${amountMinor} ${currency}; they were taken back until it is decided${dueBefore(evidenceDueAt)}.`,
  ],
  DisputeWon: ({ amountMinor, currency }) => [
    `The dispute was won; ${amountMinor} ${currency} stay with the payee.`,
  ],
  DisputeLost: ({ amountMinor, currency }) => [
    `The dispute was lost; ${amountMinor} ${currency} went back to the buyer.`,
  ],
  PaymentSettled: ({ processor, amountMinor, feeMinor, currency }) => [
    `${processor} settled ${amountMinor} ${currency}, less a fee of ${feeMinor}.`,
  ],
  PaymentCanceled: ({ reason }) => [`The payment was canceled (${reason}).`],
  PaymentSucceeded: () => ['The payment succeeded.'],
  PaymentFailed: ({ failure }) => [`The payment failed with ${failure.code}.`],
  PaymentParked: ({ reason }) => [`The payment waits for an operator: ${reason}.`],
  PaymentUnparked: ({ by }) => [`Operator ${by} asked to look again.`],
  OutcomeContradicted: ({ number, recorded }) => [
    `The processor contradicted attempt ${number}, recorded as ${recorded}; a human must look.`,
  ],
};

function inTheWay({ rule: name, limit, used, held, requested, currency }: RuleResult): string {
  if (limit === undefined) return `Rule ${name} was not met.`;
  const unit = typeof currency === 'string' ? ` ${currency}` : '';
  const spent =
    used === undefined ? '' : ` of which ${String(used)} were used and ${String(held)} held`;
  return `Rule ${name} allows ${String(limit)}${unit},${spent ? `${spent},` : ''} and ${String(requested)} were requested.`;
}

function dueBefore(evidenceDueAt: string | null): string {
  return evidenceDueAt === null ? '' : `; evidence is due by ${evidenceDueAt}`;
}

function names(candidates: readonly { processor: string }[]): string[] {
  return candidates.map(({ processor }) => processor);
}

function listed(items: readonly string[], none: string): string {
  return items.length > 0 ? items.join(', ') : none;
}
