import { createHash } from 'node:crypto';
import {
  chargeToWire,
  entryToWire,
  refundToWire,
  type Books,
  type Charge,
  type NewCharge,
} from './books.js';
import type { CallKind } from './faults.js';
import { answer, fieldsOf, Refusal, type Answer } from './json-http.js';
import { mintToken } from './tokens.js';

/** `two_step`: create unconfirmed, then confirm. `one_step`: the first call already holds the money. */
export type Flow = 'one_step' | 'two_step';

export type Route =
  | { kind: Extract<CallKind, 'look_up' | 'ping'>; read: () => Answer }
  | {
      kind: Extract<CallKind, 'create' | 'money'>;
      /** Checks the body and fixes the execution; equal fingerprints are equal requests. */
      prepare: (body: unknown) => { fingerprint: string; execute: (key: string) => Answer };
    };

type Action = (books: Books, charge: Charge, key: string) => Answer;

const COLLECTION: Record<Flow, string> = { two_step: 'charges', one_step: 'authorizations' };

/** Finds what a request to a processor means. `path` has no query. */
export function routeOf(
  flow: Flow,
  books: Books,
  request: { method: string; path: string; query: URLSearchParams },
): Route {
  const { method, path, query } = request;
  const [version, collection, id, action, member, ...rest] = path.split('/').slice(1);
  if (version !== 'v1' || rest.length > 0) throw noSuchRoute(path);
  if (collection === 'ping' && id === undefined) {
    demand(method, 'GET');
    return { kind: 'ping', read: () => answer(200, { ok: true }) };
  }
  if (collection === 'tokens' && id === undefined) {
    demand(method, 'POST');
    return tokenRoute(books);
  }
  if (collection === 'entries' && id === undefined) {
    demand(method, 'GET');
    return listRoute(books, query);
  }
  if (collection !== COLLECTION[flow]) throw noSuchRoute(path);
  if (id === undefined) {
    return method === 'GET' ? lookUpByReference(books, query) : openingRoute(flow, books, method);
  }
  if (action === undefined) {
    demand(method, 'GET');
    return { kind: 'look_up', read: () => answer(200, chargeToWire(books.find(id))) };
  }
  if (action === 'refunds' && (method === 'GET' || member !== undefined)) {
    demand(method, 'GET');
    return member === undefined
      ? lookUpRefundByKey(books, id, query)
      : { kind: 'look_up', read: () => findRefund(books.find(id), member) };
  }
  const prepareAction = ACTIONS[flow][action];
  if (!prepareAction || member !== undefined) throw noSuchRoute(path);
  demand(method, 'POST');
  return {
    kind: 'money',
    prepare: (body) => {
      const { parameters, apply } = prepareAction(body);
      return {
        fingerprint: fingerprintOf(path, parameters),
        execute: (key) => apply(books, books.find(id), key),
      };
    },
  };
}

function openingRoute(flow: Flow, books: Books, method: string): Route {
  demand(method, 'POST');
  return {
    kind: flow === 'two_step' ? 'create' : 'money',
    prepare: (body) => {
      const fields = parseNewCharge(body);
      return {
        fingerprint: fingerprintOf(COLLECTION[flow], fields),
        execute: (key) => {
          const charge = books.create(fields);
          if (flow === 'one_step') books.confirm(charge, key);
          return answerFor(charge, 201);
        },
      };
    },
  };
}

/** Exchanges a card for a token of this processor. Remembers nothing of the card: not even the key's fingerprint can be read. */
function tokenRoute(books: Books): Route {
  return {
    kind: 'create',
    prepare: (body) => {
      const { card } = fieldsOf(body, ['card']);
      const fields = fieldsOf(card, ['number', 'exp_month', 'exp_year', 'cvc']);
      const number = checkedCard(fields);
      const digest = createHash('sha256').update(JSON.stringify(fields)).digest('hex');
      return {
        fingerprint: fingerprintOf('tokens', { digest }),
        execute: () => {
          const minted = mintToken(number, books.processor, books.newTokenName());
          return 'token' in minted
            ? answer(201, { id: minted.token })
            : answer(402, { error: { type: 'declined', ...minted.decline } });
        },
      };
    },
  };
}

function checkedCard({ number, exp_month, exp_year, cvc }: Record<string, unknown>): string {
  const isWhole = Number.isInteger(exp_month) && Number.isInteger(exp_year);
  const hasCvc = cvc === undefined || (typeof cvc === 'string' && /^\d{3,4}$/.test(cvc));
  if (typeof number === 'string' && /^\d{12,19}$/.test(number) && isWhole && hasCvc) return number;
  throw new Refusal(400, 'validation_failed', 'card must have number, exp_month and exp_year.');
}

const ENTRIES_MAX = 100;

/** Everything that was made in a time, charges and refunds, a page at a time. */
function listRoute(books: Books, query: URLSearchParams): Route {
  const fromMs = Date.parse(query.get('created_from') ?? '');
  const toMs = Date.parse(query.get('created_to') ?? '');
  const cursor = query.get('cursor') ?? '0';
  if (Number.isNaN(fromMs) || Number.isNaN(toMs) || !/^\d{1,15}$/.test(cursor)) {
    const needed = 'The query needs created_from and created_to, and a cursor only from a page.';
    throw new Refusal(400, 'validation_failed', needed);
  }
  const read = () => {
    const { entries, next } = books.entries({ fromMs, toMs }, Number(cursor), ENTRIES_MAX);
    const next_cursor = next === null ? null : String(next);
    return answer(200, { data: entries.map(entryToWire), next_cursor });
  };
  return { kind: 'look_up', read };
}

function lookUpByReference(books: Books, query: URLSearchParams): Route {
  const reference = query.get('merchant_reference');
  if (!reference) {
    throw new Refusal(400, 'validation_failed', 'The query needs merchant_reference.');
  }
  return {
    kind: 'look_up',
    read: () => answer(200, { data: books.withMerchantReference(reference).map(chargeToWire) }),
  };
}

function lookUpRefundByKey(books: Books, id: string, query: URLSearchParams): Route {
  const key = query.get('idempotency_key');
  if (!key) throw new Refusal(400, 'validation_failed', 'The query needs idempotency_key.');
  const read = () => {
    const charge = books.find(id);
    const found = charge.refunds.filter(({ idempotencyKey }) => idempotencyKey === key);
    return answer(200, { data: found.map((refund) => refundToWire(charge, refund)) });
  };
  return { kind: 'look_up', read };
}

function findRefund(charge: Charge, id: string): Answer {
  const refund = charge.refunds.find((each) => each.id === id);
  if (!refund) throw new Refusal(404, 'not_found', 'There is no such refund.');
  return answer(200, refundToWire(charge, refund));
}

/** A definite decline is HTTP 402, whichever call brings it. */
function answerFor(charge: Charge, status: 200 | 201 = 200): Answer {
  const wire = chargeToWire(charge);
  if (charge.status !== 'declined') return answer(status, wire);
  return answer(402, { error: { type: 'declined', ...charge.decline }, charge: wire });
}

type PrepareAction = (body: unknown) => { parameters: object; apply: Action };

const confirm: PrepareAction = (body) => ({
  parameters: { ...fieldsOf(body, []) },
  apply: (books, charge, key) => {
    books.confirm(charge, key);
    return answerFor(charge);
  },
});

const capture: PrepareAction = (body) => {
  const amount = amountOf(fieldsOf(body, ['amount']));
  return {
    parameters: { amount },
    apply: (books, charge) => {
      books.capture(charge, amount);
      return answerFor(charge);
    },
  };
};

const voidHold: PrepareAction = (body) => ({
  parameters: { ...fieldsOf(body, []) },
  apply: (books, charge) => {
    books.void(charge);
    return answerFor(charge);
  },
});

/** Cancels whatever has not been captured; with `unconfirmed_only` it refuses to let go of money that is held. */
const cancel: PrepareAction = (body) => {
  const { unconfirmed_only = false } = fieldsOf(body, ['unconfirmed_only']);
  if (typeof unconfirmed_only !== 'boolean') {
    throw new Refusal(400, 'validation_failed', 'unconfirmed_only must be true or false.');
  }
  return {
    parameters: { unconfirmed_only },
    apply: (books, charge) => {
      if (charge.status === 'authorized' && !unconfirmed_only) books.void(charge);
      else books.cancelUnconfirmed(charge);
      return answerFor(charge);
    },
  };
};

const refund: PrepareAction = (body) => {
  const amount = amountOf(fieldsOf(body, ['amount']));
  return {
    parameters: { amount },
    apply: (books, charge, key) =>
      answer(201, refundToWire(charge, books.refund(charge, amount, key))),
  };
};

const ACTIONS: Record<Flow, Partial<Record<string, PrepareAction>>> = {
  two_step: { confirm, capture, cancel, refunds: refund },
  one_step: { capture, void: voidHold, refunds: refund },
};

function parseNewCharge(body: unknown): NewCharge {
  const fields = fieldsOf(body, ['amount', 'currency', 'payment_method', 'merchant_reference']);
  const { currency, payment_method, merchant_reference } = fields;
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) {
    throw new Refusal(400, 'validation_failed', 'currency must be three upper-case letters.');
  }
  return {
    amount: amountOf(fields),
    currency,
    paymentMethod: shortText('payment_method', payment_method),
    merchantReference: shortText('merchant_reference', merchant_reference),
  };
}

function amountOf({ amount }: Record<string, unknown>): number {
  if (typeof amount === 'number' && Number.isSafeInteger(amount) && amount > 0) return amount;
  throw new Refusal(400, 'validation_failed', 'amount must be a positive integer in minor units.');
}

function shortText(name: string, value: unknown): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= 100) return value;
  throw new Refusal(400, 'validation_failed', `${name} must be a text of 1 to 100 characters.`);
}

const fingerprintOf = (path: string, parameters: object) => `${path} ${JSON.stringify(parameters)}`;

const noSuchRoute = (path: string) =>
  new Refusal(404, 'not_found', `There is nothing at ${path.slice(0, 100)}.`);

function demand(method: string, only: string): void {
  if (method !== only) throw new Refusal(405, 'method_not_allowed', `Only ${only} works here.`);
}
