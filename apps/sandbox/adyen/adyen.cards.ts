import type { Random } from '#platform';
import type { Decline, RefundPlan } from '../tokens.js';
import { invalid } from './adyen.error.js';

/** What the issuer behind a stored card does. */
export interface Behavior {
  resultCode: 'Authorised' | 'Refused' | 'Cancelled' | 'Error' | 'RedirectShopper' | 'Pending';
  /** With a refusal: code and name. */
  refusal?: { code: string; reason: string };
  /** The score of the fraud screen, where one is told. */
  riskScore?: number;
  refund: 'works' | 'refused' | 'failed_at_scheme';
}

const works: Behavior = { resultCode: 'Authorised', refund: 'works' };

const refusing = (code: string, reason: string): Behavior => ({
  ...works,
  resultCode: 'Refused',
  refusal: { code, reason },
});

/** Stored cards that every shopper has, by their id. */
const STORED: Readonly<Record<string, Behavior>> = {
  SANDBOX_VISA: works,
  SANDBOX_REVIEW: { ...works, riskScore: 60 },
  SANDBOX_REFUSED: refusing('2', 'Refused'),
  SANDBOX_BALANCE: refusing('12', 'Not enough balance'),
  SANDBOX_STOLEN: refusing('5', 'Blocked Card'),
  SANDBOX_FRAUD: { ...refusing('22', 'FRAUD-CANCELLED'), resultCode: 'Cancelled' },
  SANDBOX_ERROR: { ...refusing('4', 'Acquirer Error'), resultCode: 'Error' },
  SANDBOX_REDIRECT: { ...works, resultCode: 'RedirectShopper' },
  SANDBOX_PENDING: { ...works, resultCode: 'Pending' },
  SANDBOX_REFUND_REFUSED: { ...works, refund: 'refused' },
  SANDBOX_REFUND_FAILS: { ...works, refund: 'failed_at_scheme' },
};

/** Numbers that do not simply work when they are stored; every other valid number does. */
const BY_NUMBER: Readonly<Record<string, string>> = {
  '4000000000000002': 'SANDBOX_REFUSED',
  '4000000000009995': 'SANDBOX_BALANCE',
  '4000000000009979': 'SANDBOX_STOLEN',
  '4000000000003220': 'SANDBOX_REDIRECT',
};

interface StoredCard {
  id: string;
  shopperReference: string;
  lastFour: string;
  expiryMonth: string;
  expiryYear: string;
  /** The stored id that it behaves like. */
  behavesLike: string;
}

/** The cards that were stored, by shopper. No number is kept. */
export class AdyenCards {
  private readonly cards = new Map<string, StoredCard>();

  constructor(private readonly random: Random) {}

  store(shopperReference: string, card: CardToStore): StoredCard {
    const { number, expiryMonth, expiryYear } = card;
    if (!isNumber(number)) throw invalid('101', 'Invalid card number');
    const stored: StoredCard = {
      id: this.random.bytes(8).toString('hex').toUpperCase(),
      shopperReference,
      lastFour: number.slice(-4),
      expiryMonth,
      expiryYear,
      behavesLike: BY_NUMBER[number] ?? 'SANDBOX_VISA',
    };
    this.cards.set(`${shopperReference}.${stored.id}`, stored);
    return stored;
  }

  of(shopperReference: string): StoredCard[] {
    return [...this.cards.values()].filter((card) => card.shopperReference === shopperReference);
  }

  /** The stored id whose behavior applies. */
  behaviorNameOf(shopperReference: string, id: string): string {
    const name = this.cards.get(`${shopperReference}.${id}`)?.behavesLike ?? id;
    if (!Object.hasOwn(STORED, name)) throw invalid('803', 'PaymentDetail not found');
    return name;
  }
}

export interface CardToStore {
  number: string;
  expiryMonth: string;
  expiryYear: string;
}

export const behaviorOf = (name: string): Behavior => STORED[name] ?? works;

export function declineOf(name: string): Decline | undefined {
  const { refusal } = behaviorOf(name);
  return refusal && { code: refusal.code, message: refusal.reason };
}

/** How long a card scheme takes to refuse a refund that Adyen has passed on. */
export const SCHEME_DECIDES_AFTER_MS = 2_000;

export function refundPlanOf(name: string): RefundPlan {
  switch (behaviorOf(name).refund) {
    case 'works':
      return { settlesAfterMs: 0 };
    case 'refused':
      return { refusal: { code: 'refused', message: 'Refund not possible for this card' } };
    case 'failed_at_scheme':
      return {
        settlesAfterMs: SCHEME_DECIDES_AFTER_MS,
        failure: { code: 'failed', message: 'Refund Failed' },
      };
  }
}

/** Digits with a right check digit (Luhn). */
function isNumber(number: string): boolean {
  if (!/^\d{12,19}$/.test(number)) return false;
  const sum = [...number].reverse().reduce((total, digit, index) => {
    const doubled = Number(digit) * (index % 2 === 0 ? 1 : 2);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}
