import type { Clock } from '#platform';
import { hasCheckDigit, testCardById, testCardByNumber, type TestCard } from './stripe.cards.js';
import type { Form } from './stripe.form.js';
import type { PaymentMethod } from './stripe.records.js';
import { invalid, missing, StripeRefusal } from './stripe.refusal.js';

/** The payment methods of the simulator: Stripe's published ones, and those made of a test card's number. No number is kept. */
export class StripeMethods {
  private readonly created = new Map<string, PaymentMethod>();

  constructor(
    private readonly clock: Clock,
    private readonly newId: (prefix: string) => string,
  ) {}

  find(id: string, param: string): PaymentMethod {
    const card = testCardById(id);
    if (card) return this.methodOf(card, id, { expMonth: 12, expYear: this.year() + 5 });
    const method = this.created.get(id);
    if (!method) throw missing(param, 'PaymentMethod', id, 400);
    return method;
  }

  create(form: Form): PaymentMethod {
    const { number, exp_month, exp_year, cvc } = cardFieldsOf(form);
    if (!/^\d{12,19}$/.test(number) || !hasCheckDigit(number)) throw wrong('number');
    const expMonth = Number(exp_month);
    const expYear = Number(exp_year);
    if (!Number.isInteger(expMonth) || expMonth < 1 || expMonth > 12) throw wrong('exp_month');
    if (!Number.isInteger(expYear) || this.isOver(expYear, expMonth)) throw wrong('exp_year');
    if (cvc !== undefined && !/^\d{3,4}$/.test(cvc)) throw wrong('cvc');
    const card = testCardByNumber(number);
    if (!card) throw notATestCard();
    const method = this.methodOf(card, this.newId('pm'), { expMonth, expYear }, number);
    this.created.set(method.id, method);
    return method;
  }

  private methodOf(
    { behaviour, numbers: [first = ''] }: TestCard,
    id: string,
    expiry: { expMonth: number; expYear: number },
    number = first,
  ): PaymentMethod {
    const createdS = Math.floor(this.clock.now() / 1_000);
    return { id, createdS, brand: brandOf(number), last4: number.slice(-4), ...expiry, behaviour };
  }

  private isOver(year: number, month: number): boolean {
    const now = new Date(this.clock.now());
    return year * 12 + month < now.getUTCFullYear() * 12 + now.getUTCMonth() + 1;
  }

  private year(): number {
    return new Date(this.clock.now()).getUTCFullYear();
  }
}

function cardFieldsOf(form: Form): {
  number: string;
  exp_month: string;
  exp_year: string;
  cvc: string | undefined;
} {
  if (form.type !== 'card') {
    const message = 'Only payment methods of type card can be made here.';
    throw invalid({ code: 'parameter_invalid', param: 'type', message });
  }
  const card = typeof form.card === 'object' && !Array.isArray(form.card) ? form.card : {};
  const text = (name: string): string => {
    const value = card[name];
    if (typeof value === 'string' && value !== '') return value;
    const param = `card[${name}]`;
    throw invalid({ code: 'parameter_missing', param, message: `Missing: ${param}.` });
  };
  const cvc = typeof card.cvc === 'string' ? card.cvc : undefined;
  return {
    ...{ number: text('number'), exp_month: text('exp_month'), exp_year: text('exp_year') },
    cvc,
  };
}

const brandOf = (number: string): string =>
  number.startsWith('4') ? 'visa' : number.startsWith('3') ? 'amex' : 'mastercard';

const CODES = {
  number: 'incorrect_number',
  exp_month: 'invalid_expiry_month',
  exp_year: 'invalid_expiry_year',
  cvc: 'invalid_cvc',
} as const;

const wrong = (param: keyof typeof CODES) =>
  new StripeRefusal(402, {
    type: 'card_error',
    code: CODES[param],
    param,
    message: `Your card's ${param} is incorrect.`,
  });

const notATestCard = () =>
  new StripeRefusal(402, {
    type: 'card_error',
    code: 'card_declined',
    decline_code: 'test_mode_live_card',
    message: 'Your card was declined: this is no card for tests.',
  });
