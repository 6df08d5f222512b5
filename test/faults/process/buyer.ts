import type { ApiClient } from '../../support/agent.client.js';
import type { PaymentIntent, PaymentRequest } from '../../support/contract.types.js';
import type { Answer } from '../../support/http.client.js';
import { purchase } from '../../support/purchase.fixture.js';
import type { SeededRandom } from '../../support/seeded.random.js';

const KINDS = [
  'paid',
  'paid',
  'paid',
  'captured_in_part',
  'canceled',
  'refunded',
  'refunded_in_part',
] as const;
const TOKENS = [
  'pm_sandbox_visa',
  'pm_sandbox_visa',
  'pm_sandbox_visa',
  'pm_sandbox_soft_decline_a',
  'pm_sandbox_stolen',
];
const RESERVED_SHARE = 0.2;
/** Answers that a repeat gets again to the byte: the request is concluded. */
const CONCLUDED = [200, 201];
const ACKNOWLEDGED = [...CONCLUDED, 202];

type Step = 'create' | 'capture' | 'cancel' | 'refund';

/** One purchase an agent makes under one key, however often it has to ask, and everything it was told. */
export interface Purchase {
  readonly kind: (typeof KINDS)[number];
  readonly key: string;
  readonly request: PaymentRequest;
  /** What is captured or refunded where that is a part. */
  readonly part: number;
  /** Some answer came, be it a refusal. */
  answered: boolean;
  /** Some answer said that it is durable. */
  acknowledged: boolean;
  /** How far it got: nothing more is to be asked. */
  done: boolean;
  readonly told: Map<Step, { status: number; bytes: Buffer }>;
  /** Steps whose concluded answer was followed by another one. */
  readonly toldOtherwise: string[];
}

/** The next purchase of a run; `name` makes it nobody else's. */
export function drawPurchase(
  random: SeededRandom,
  name: string,
  { tokens = TOKENS, reservedShare = RESERVED_SHARE } = {},
): Purchase {
  const kind = random.pick(KINDS);
  const amount = 100 + Math.floor(random.next() * 5_000);
  const later = kind === 'captured_in_part' || kind === 'canceled';
  const reserved = random.next() < reservedShare;
  return {
    ...plainPurchase(name),
    kind,
    request: purchase({
      amount,
      order_reference: name,
      payment_method: random.pick(tokens),
      ...(later ? { capture_method: 'manual' as const } : {}),
      ...(reserved
        ? { reservation: { participant: 'warehouse', items: [{ sku: 'B-1', quantity: 1 }] } }
        : {}),
    }),
    part: 1 + Math.floor(random.next() * (amount - 1)),
  };
}

/** One that is simply paid; `name` makes it nobody else's. */
export function plainPurchase(name: string): Purchase {
  return {
    kind: 'paid',
    key: name,
    request: purchase({ order_reference: name }),
    part: 0,
    answered: false,
    acknowledged: false,
    done: false,
    told: new Map(),
    toldOtherwise: [],
  };
}

/** What the processor is to capture of a purchase that succeeded. */
export function toCaptureOf({ kind, part, request }: Purchase): number {
  return kind === 'captured_in_part' ? part : request.amount;
}

/**
 * Asks for the purchase and for what follows, as far as the answers let it: to be called again, with the same keys, whenever it got
 * no further. Rejects when a connection broke. Resolves with the last answer.
 */
export async function buy(buyer: ApiClient, bought: Purchase, prefer = 'wait=1'): Promise<Answer> {
  const { key, request } = bought;
  const created = await ask(bought, 'create', () =>
    buyer.createPayment(request, { idempotencyKey: key, prefer }),
  );
  if (created.status !== 201) {
    bought.done = created.status !== 202 && !isUnrecorded(created);
    return created;
  }
  const { id, status } = created.body as PaymentIntent;
  const next = status === 'failed' ? null : followUp(buyer, bought, id, prefer);
  const last = next ? await ask(bought, next.step, next.send) : created;
  bought.done = last.status !== 202 && !isUnrecorded(last);
  return last;
}

function followUp(
  buyer: ApiClient,
  { kind, key, part }: Purchase,
  id: string,
  prefer: string,
): { step: Step; send: () => Promise<Answer> } | null {
  const options = { idempotencyKey: `${key}-${kind}`, prefer };
  const reason = 'not wanted any more';
  switch (kind) {
    case 'paid':
      return null;
    case 'captured_in_part':
      return { step: 'capture', send: () => buyer.capture(id, { amount: part }, options) };
    case 'canceled':
      return { step: 'cancel', send: () => buyer.cancel(id, options) };
    case 'refunded':
      return { step: 'refund', send: () => buyer.refund(id, { reason }, options) };
    case 'refunded_in_part':
      return { step: 'refund', send: () => buyer.refund(id, { amount: part, reason }, options) };
  }
}

async function ask(bought: Purchase, step: Step, send: () => Promise<Answer>): Promise<Answer> {
  const answer = await send();
  const { status, bytes } = answer;
  bought.answered = true;
  bought.acknowledged ||= ACKNOWLEDGED.includes(status);
  const before = bought.told.get(step);
  // That nobody can tell at the moment is no other answer.
  const differs = before && !(before.status === status && before.bytes.equals(bytes));
  if (before && differs && !isUnrecorded(answer))
    bought.toldOtherwise.push(
      `${bought.key}: ${step} was answered ${before.status} ${before.bytes} and then ${status} ${bytes}`,
    );
  if (!before && CONCLUDED.includes(status)) bought.told.set(step, { status, bytes });
  return answer;
}

/** Nothing was recorded, or nobody knows: the same key finds out. */
function isUnrecorded({ status, body }: Answer): boolean {
  const { code = '' } = (body ?? {}) as { code?: string };
  return status >= 500 && ['store_unavailable', 'overloaded', 'internal'].includes(code);
}
