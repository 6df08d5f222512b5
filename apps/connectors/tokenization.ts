import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import {
  type Answer,
  type Call,
  type CardRequest,
  MalformedJsonError,
  type Messages,
  PaymentMethodRequest,
  type ProblemFacts,
  type Violation,
  answer,
  brandOf,
  deriveId,
  parseStrictJson,
  problem,
  validateRequest,
} from '#contracts';
import { type CardFacts, type CardScreening, toRfc3339 } from '#domain';
import { FraudScreen } from '#fraud';
import { Clock, Trouble } from '#platform';
import { Card } from '#processors';
import { type CardMarks, CvcMemory, Vault, VaultUnavailableError } from '#vault';

/** Who brings a card, and under which key. The card itself comes beside it, as bytes that nobody has read. */
export type CardCall = Omit<Call, 'request'>;

type Recall = Messages['commands.payment_method.recall']['request'];

/**
 * Where the road of cards ends: reads the card, screens who brings it, keeps it in the vault, and asks the write side for its token.
 * Nothing that leaves here holds more of it than a token shows.
 */
@Injectable()
export class Tokenization {
  constructor(
    private readonly vault: Vault,
    private readonly cvcs: CvcMemory,
    private readonly fraud: FraudScreen,
    private readonly bus: Bus<Messages>,
    private readonly clock: Clock,
    private readonly trouble: Trouble,
  ) {}

  /** `body`: the request's, wiped before this resolves. @throws BusError */
  async tokenize(call: CardCall, body: Uint8Array): Promise<Answer> {
    try {
      return await this.exchange(call, body);
    } catch (error) {
      if (!(error instanceof VaultUnavailableError)) throw error;
      this.trouble.report(`the vault could not be used, trace ${call.traceId}`, error);
      return refuse(call, 'store_unavailable', 'The vault does not answer now.');
    } finally {
      body.fill(0);
    }
  }

  private async exchange(call: CardCall, body: Uint8Array): Promise<Answer> {
    const read = readCard(body);
    if ('refusal' in read) return refuse(call, ...read.refusal);
    const card = cardOf(read.card);
    const { tenant } = call.principal;
    const marks = await this.vault.marksOf(tenant, card);
    const asked: Recall = {
      ...call,
      paymentMethod: idOf(call),
      request: { card: marks.request },
    };
    const earlier = await this.bus.request('commands.payment_method.recall', asked);
    if (earlier) return earlier;
    // Not before: what was answered once is answered again, also when the card has expired meanwhile.
    if (isExpired(card, this.clock.now())) return refuse(call, ...EXPIRED);
    const screening = await this.screen(call, marks);
    return this.keep(asked, card, marks, screening);
  }

  private async keep(
    asked: Recall,
    card: Card,
    marks: CardMarks,
    screening: CardScreening,
  ): Promise<Answer> {
    const { principal, paymentMethod: token } = asked;
    const place = { tenant: principal.tenant, token };
    const isBlocked = screening.verdict === 'block';
    if (!isBlocked) {
      // On the disk before anybody hears of the token; whoever lost a race for the key is told so by the stream, or here.
      const kept = await this.vault.keep(place, { card, marks, by: principal.id });
      if (kept === 'taken') return refuse(asked, ...TAKEN);
    }
    const facts = factsOf(card, marks);
    const told = { ...asked, card: facts, screening };
    const answered = await this.bus.request('commands.payment_method.tokenize', told);
    if (answered.status === 201 && card.cvc !== undefined) this.cvcs.remember(place, card.cvc);
    // Another card was recorded under this key first: nothing names the one that was just kept.
    if (!isBlocked && answered.status === 422) await this.vault.erase(place);
    return answered;
  }

  private async screen({ principal }: CardCall, marks: CardMarks): Promise<CardScreening> {
    const { tenant, id: by, role } = principal;
    const { fingerprint } = marks;
    const activity = await this.vault.noteCard({ tenant, by, fingerprint });
    const verdict = await this.fraud.screen({
      stage: 'tokenization',
      tenant,
      agent: role === 'agent' ? by : null,
      now: toRfc3339(this.clock.now()),
      activity,
    });
    return {
      verdict: verdict.verdict,
      score: verdict.score,
      provider: `${verdict.provider}@${verdict.version}`,
      rules: verdict.signals.map(({ rule, observed, threshold, contribution, matched }) => ({
        rule,
        result: matched ? 'matched' : 'not_matched',
        observed,
        threshold,
        contribution,
      })),
      failMode: verdict.failMode ?? null,
      error: verdict.error ?? null,
    };
  }
}

type Refusal = [code: ProblemFacts['code'], detail: string, violations?: Violation[]];

const TAKEN: Refusal = [
  'idempotency_key_reused',
  'This key belongs to another card; send another one under a new key.',
  [{ pointer: '/card', rule: 'equal_to_first_request' }],
];
const EXPIRED: Refusal = [
  'validation_failed',
  'The card has expired.',
  [{ pointer: '/card', rule: 'not_expired', detail: 'The card has expired.' }],
];

/** What is wrong is told by fields and rules, never by values, nor by names that a caller made up. */
function readCard(body: Uint8Array): { card: CardRequest } | { refusal: Refusal } {
  try {
    const result = validateRequest(PaymentMethodRequest, parseStrictJson(body));
    if (result.ok) return { card: result.value.card };
    const violations = result.violations.map(withoutMadeUpName);
    const [first] = violations;
    const detail = `The body is not valid. ${first?.pointer || 'It'}: ${String(first?.['detail'])}`;
    return { refusal: [result.code, detail, violations] };
  } catch (error) {
    if (!(error instanceof MalformedJsonError)) throw error;
    return { refusal: ['malformed_json', error.message] };
  }
}

/** A name can be a card number: an unknown one is pointed at by where it is. */
function withoutMadeUpName(violation: Violation): Violation {
  if (violation.rule !== 'unknown_field') return violation;
  const pointer = violation.pointer.startsWith('/card/') ? '/card' : '';
  return { ...violation, pointer, detail: 'There is a field here that is not known.' };
}

function cardOf({ number, exp_month, exp_year, cvc }: CardRequest): Card {
  return new Card({ number, expMonth: exp_month, expYear: exp_year, cvc });
}

/** A card is good until the end of its month, UTC. */
function isExpired({ expMonth, expYear }: Card, nowMs: number): boolean {
  return nowMs >= Date.UTC(expYear, expMonth);
}

function factsOf(card: Card, { fingerprint }: CardMarks): CardFacts {
  const { number, expMonth, expYear } = card;
  return { brand: brandOf(number), last4: number.slice(-4), expMonth, expYear, fingerprint };
}

function idOf({ principal, path, idempotencyKey }: CardCall): string {
  return `pm_${deriveId(principal.tenant, principal.id, 'POST', path, idempotencyKey)}`;
}

function refuse(
  { path: instance, traceId }: Pick<Call, 'path' | 'traceId'>,
  code: ProblemFacts['code'],
  detail: string,
  violations?: Violation[],
): Answer {
  return answer(problem({ code, detail, instance, traceId, ...(violations && { violations }) }));
}
