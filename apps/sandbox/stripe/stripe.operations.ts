import type { CallKind } from '../faults.js';
import { amountOf } from './stripe.amounts.js';
import type { StripeBooks } from './stripe.books.js';
import type { Form, FormValue } from './stripe.form.js';
import type { StripeMethods } from './stripe.methods.js';
import type { Intent } from './stripe.records.js';
import { invalid, StripeRefusal } from './stripe.refusal.js';
import { chargeToWire, intentToWire, methodToWire, refundToWire } from './stripe.rendering.js';

/** What the operations work on. */
export interface StripeWorld {
  books: StripeBooks;
  methods: StripeMethods;
  /** Where the simulator is reached, for the page of 3-D Secure. */
  url: () => string;
}

export interface StripeCall {
  world: StripeWorld;
  /** From the path. */
  id: string;
  form: Form;
  /** Empty without one. */
  key: string;
}

export interface Operation {
  method: 'GET' | 'POST';
  /** The one group, where there is one, is the id. */
  path: RegExp;
  kind: CallKind;
  parameters: readonly string[];
  run: (call: StripeCall) => unknown;
}

const ID = '([A-Za-z0-9_]+)';
const intents = (rest: string) => new RegExp(`^/v1/payment_intents${rest}$`);
const CONFIRMATION = ['payment_method', 'return_url', 'off_session', 'error_on_requires_action'];

/** The part of Stripe's interface that is simulated. Everything else is unknown to it and says so. */
export const OPERATIONS: readonly Operation[] = [
  {
    method: 'POST',
    path: intents(''),
    kind: 'create',
    parameters: [
      ...['amount', 'currency', 'capture_method', 'payment_method_types', 'metadata', 'expand'],
      ...['payment_method', 'confirmation_method', 'description'],
    ],
    run: (call) => shown(call, create(call)),
  },
  {
    method: 'GET',
    path: intents(''),
    kind: 'look_up',
    parameters: ['created', 'limit', 'starting_after'],
    run: ({ world, form }) =>
      page(form, '/v1/payment_intents', world.books.newestIntents(), (each) => intentToWire(each)),
  },
  {
    method: 'GET',
    path: intents(`/${ID}`),
    kind: 'look_up',
    parameters: ['expand'],
    run: (call) => shown(call, intentIn(call)),
  },
  {
    method: 'POST',
    path: intents(`/${ID}/confirm`),
    kind: 'money',
    parameters: [...CONFIRMATION, 'expand'],
    run: (call) => shown(call, confirm(call)),
  },
  {
    method: 'POST',
    path: intents(`/${ID}/capture`),
    kind: 'money',
    parameters: ['amount_to_capture', 'expand'],
    run: (call) => {
      const asked = call.form.amount_to_capture;
      const amount = asked === undefined ? undefined : amountOf('amount_to_capture', asked);
      const intent = intentIn(call);
      call.world.books.capture(intent, amount);
      return shown(call, intent);
    },
  },
  {
    method: 'POST',
    path: intents(`/${ID}/cancel`),
    kind: 'money',
    parameters: ['cancellation_reason', 'expand'],
    run: (call) => {
      const intent = intentIn(call);
      call.world.books.cancel(intent, textIn(call.form, 'cancellation_reason') ?? null);
      return shown(call, intent);
    },
  },
  {
    method: 'POST',
    path: /^\/v1\/refunds$/,
    kind: 'money',
    parameters: ['payment_intent', 'charge', 'amount', 'metadata', 'reason'],
    run: refund,
  },
  {
    method: 'GET',
    path: /^\/v1\/refunds$/,
    kind: 'look_up',
    parameters: ['payment_intent', 'charge', 'created', 'limit', 'starting_after', 'expand'],
    run: listRefunds,
  },
  {
    method: 'GET',
    path: new RegExp(`^/v1/refunds/${ID}$`),
    kind: 'look_up',
    parameters: [],
    run: ({ world, id }) => {
      const found = world.books.findRefund(id);
      return refundToWire(found.intent, found.refund);
    },
  },
  {
    method: 'GET',
    path: new RegExp(`^/v1/charges/${ID}$`),
    kind: 'look_up',
    parameters: [],
    run: ({ world, id }) => {
      const intent = world.books.findByCharge(id);
      return intent.charge && chargeToWire(intent, intent.charge);
    },
  },
  {
    method: 'POST',
    path: /^\/v1\/payment_methods$/,
    kind: 'create',
    parameters: ['type', 'card', 'metadata'],
    run: ({ world, form }) => methodToWire(world.methods.create(form)),
  },
  {
    method: 'GET',
    path: new RegExp(`^/v1/payment_methods/${ID}$`),
    kind: 'look_up',
    parameters: [],
    run: ({ world, id }) => methodToWire(world.methods.find(id, 'payment_method')),
  },
  {
    method: 'GET',
    path: /^\/v1\/balance$/,
    kind: 'ping',
    parameters: [],
    run: () => ({ object: 'balance', available: [], livemode: false, pending: [] }),
  },
];

/** Refuses what Stripe would not know. */
export function demandKnown(form: Form, { parameters }: Operation): void {
  const unknown = Object.keys(form).find((name) => !parameters.includes(name));
  if (unknown === undefined) return;
  const param = unknown.slice(0, 100);
  const message = `Received unknown parameter: ${param}`;
  throw invalid({ code: 'parameter_unknown', param, message });
}

function create({ world, form }: StripeCall): Intent {
  const amount = amountOf('amount', form.amount);
  const currency = textIn(form, 'currency');
  if (currency === undefined || !/^[a-z]{3}$/.test(currency)) {
    const message = 'currency is three lower-case letters.';
    throw invalid({ code: 'parameter_invalid', param: 'currency', message });
  }
  const method = textIn(form, 'payment_method');
  return world.books.create({
    ...{ amount, currency },
    captureMethod: textIn(form, 'capture_method') === 'manual' ? 'manual' : 'automatic',
    paymentMethod: method === undefined ? null : world.methods.find(method, 'payment_method'),
    metadata: metadataIn(form),
  });
}

function confirm(call: StripeCall): Intent {
  const { world, form, key, id } = call;
  const intent = intentIn(call);
  const method = textIn(form, 'payment_method');
  world.books.confirm(intent, {
    ...(method !== undefined && { paymentMethod: world.methods.find(method, 'payment_method') }),
    returnUrl: textIn(form, 'return_url') ?? '',
    failsOnAction: isTrue(form, 'error_on_requires_action') || isTrue(form, 'off_session'),
    actionUrl: `${world.url()}/3d_secure/${id}`,
    key,
  });
  return intent;
}

function refund({ world, form, key }: StripeCall): unknown {
  const intent = refundedIntent(world, form);
  const amount = form.amount === undefined ? undefined : amountOf('amount', form.amount);
  const metadata = metadataIn(form);
  const made = world.books.refund(intent, { amount, metadata, key });
  return refundToWire(intent, made);
}

function listRefunds({ world, form }: StripeCall): unknown {
  const isOfOne = form.payment_intent !== undefined || form.charge !== undefined;
  const found = isOfOne ? refundsOf(refundedIntent(world, form)) : world.books.newestRefunds();
  const isExpanded = expandedIn(form).includes('data.payment_intent');
  return page(
    form,
    '/v1/refunds',
    found.map(({ intent, refund }) => ({ ...refund, intent, refund })),
    ({ intent, refund: each }) => ({
      ...refundToWire(intent, each),
      ...(isExpanded && { payment_intent: intentToWire(intent) }),
    }),
  );
}

const refundsOf = (intent: Intent) =>
  [...(intent.charge?.refunds ?? [])].reverse().map((refund) => ({ intent, refund }));

/** The newest first; whoever begins after an object that is not there begins with the first. */
function page<Listed extends { id: string; createdS: number }>(
  form: Form,
  url: string,
  newestFirst: readonly Listed[],
  render: (each: Listed) => unknown,
): unknown {
  const limit = Math.min(100, Math.max(1, Number(textIn(form, 'limit') ?? 10) || 10));
  const after = textIn(form, 'starting_after');
  const asked = newestFirst.filter(({ createdS }) => isCreatedIn(form, createdS));
  const from = after === undefined ? 0 : asked.findIndex(({ id }) => id === after) + 1;
  return {
    object: 'list',
    data: asked.slice(from, from + limit).map(render),
    has_more: from + limit < asked.length,
    url,
  };
}

function isCreatedIn({ created = {} }: Form, createdS: number): boolean {
  if (typeof created === 'string' || Array.isArray(created)) return createdS === Number(created);
  const { gt = '-Infinity', gte = '-Infinity', lt = 'Infinity', lte = 'Infinity' } = created;
  const isAfter = createdS > Number(gt) && createdS >= Number(gte);
  return isAfter && createdS < Number(lt) && createdS <= Number(lte);
}

function refundedIntent({ books }: StripeWorld, form: Form): Intent {
  const intent = textIn(form, 'payment_intent');
  const charge = textIn(form, 'charge');
  if (intent !== undefined) return books.find(intent);
  if (charge !== undefined) return books.findByCharge(charge);
  const message = 'One of payment_intent and charge is needed.';
  throw invalid({ code: 'parameter_missing', param: 'charge', message });
}

const intentIn = ({ world, id }: StripeCall): Intent => world.books.find(id);

const shown = ({ form }: StripeCall, intent: Intent): unknown =>
  intentToWire(intent, expandedIn(form));

const expandedIn = ({ expand }: Form): string[] =>
  (Array.isArray(expand) ? expand : []).filter((each) => typeof each === 'string');

function textIn(form: Form, name: string): string | undefined {
  const value: FormValue | undefined = form[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw invalid({ code: 'parameter_invalid', param: name, message: `${name} must be a text.` });
}

const isTrue = (form: Form, name: string) => textIn(form, name) === 'true';

/** At most 50 names of 40 characters, with 500 each: https://docs.stripe.com/api/metadata */
function metadataIn({ metadata = {} }: Form): Record<string, string> {
  const entries = typeof metadata === 'string' ? [] : Object.entries(metadata);
  const fits = ([name, value]: [string, unknown]) =>
    name.length <= 40 && typeof value === 'string' && value.length <= 500;
  if (entries.length <= 50 && entries.every(fits)) {
    return Object.fromEntries(entries) as Record<string, string>;
  }
  const message = 'Metadata is at most 50 short texts under short names.';
  throw new StripeRefusal(400, { code: 'parameter_invalid', param: 'metadata', message }, true);
}
