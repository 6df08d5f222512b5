import type { Page } from '#contracts';
import { type ApiClient, withApi } from './api.client.js';
import { API_OPTIONS, type Asked, type Command } from './command.js';
import { moneyText } from './money.text.js';
import { facts, printable, table } from './table.js';

interface Payment {
  id: string;
  status: string;
  money_state: string;
  amount: number;
  currency: string;
  amount_authorized: number;
  amount_captured: number;
  amount_refunded: number;
  agent: string;
  mandate: string | null;
  payee: { id: string };
  order_reference: string;
  payment_method: string;
  processor: string | null;
  attempts: { number: number; processor: string; outcome: string; reference: string | null }[];
  failure: { code: string; detail: string } | null;
  next_action: { actor: string; type: string } | null;
  created_at: string;
  concluded_at: string | null;
  revision: number;
}

interface Event {
  type: string;
  revision: number;
  recorded_at: string;
  data: object;
}

interface Explanation {
  outcome: string;
  sentences: string[];
  rules: { source: string; rule: string; result: string }[];
}

const EVENT_DATA_MAX = 160;

const get: Command = {
  name: 'payments get',
  summary: 'one payment as it stands now',
  positionals: ['id'],
  options: API_OPTIONS,
  example: 'bursar payments get pi_4xv2…',
  run: (asked) =>
    withApi(asked, 'auditor', async (api) => {
      const { body, text } = await api.get<Payment>(pathOf(asked));
      print(asked, text, paymentLines(body));
    }),
};

const list: Command = {
  name: 'payments list',
  summary: 'payments, the newest first',
  positionals: [],
  options: {
    status: {
      type: 'string',
      value: 'status',
      summary: 'succeeded, failed, canceled, processing, requires_approval, requires_capture',
    },
    agent: { type: 'string', value: 'agt_…', summary: 'only those of this agent' },
    payee: { type: 'string', value: 'id', summary: 'only those to this payee' },
    limit: { type: 'string', value: 'n', summary: 'how many, up to 100 (default: 20)' },
    cursor: { type: 'string', value: 'text', summary: 'where the page before ended' },
    ...API_OPTIONS,
  },
  example: 'bursar payments list --status failed --limit 50',
  run: (asked) =>
    withApi(asked, 'auditor', async (api) => {
      const { status, agent, payee, limit, cursor } = asked.options;
      const query = { status, agent, payee, limit, cursor };
      const { body, text } = await api.get<Page>('/v1/payment_intents', query);
      const rows = (body.data as unknown as Payment[]).map(paymentRow);
      const more = body.next_cursor === null ? [] : [`More: --cursor ${body.next_cursor}`];
      print(
        asked,
        text,
        rows.length > 0
          ? [
              ...table(['CREATED', 'ID', 'STATUS', 'MONEY', 'AMOUNT', 'PAYEE', 'ORDER'], rows),
              ...more,
            ]
          : ['There are no such payments.'],
      );
    }),
};

const events: Command = {
  name: 'payments events',
  summary: 'everything that was recorded about a payment, in its order',
  positionals: ['id'],
  options: API_OPTIONS,
  example: 'bursar payments events pi_4xv2… --json',
  run: (asked) =>
    withApi(asked, 'auditor', async (api) => {
      const data = await everyEvent(api, `${pathOf(asked)}/events`);
      const rows = data.map(({ revision, recorded_at, type, data: facts }) => [
        String(revision),
        recorded_at,
        type,
        shortened(JSON.stringify(facts)),
      ]);
      print(
        asked,
        JSON.stringify({ data, next_cursor: null }),
        table(['REV', 'RECORDED AT', 'TYPE', 'DATA'], rows),
      );
    }),
};

const explain: Command = {
  name: 'payments explain',
  summary: 'why a payment went as it did: in words, and every rule that was looked at',
  positionals: ['id'],
  options: API_OPTIONS,
  example: 'bursar payments explain pi_4xv2…',
  run: (asked) =>
    withApi(asked, 'auditor', async (api) => {
      const { body, text } = await api.get<Explanation>(`${pathOf(asked)}/explanation`);
      const rules = body.rules.map(({ source, rule, result }) => [source, rule, result]);
      print(asked, text, [
        ...body.sentences.map((sentence) => `- ${printable(sentence)}`),
        '',
        ...table(['ASKED', 'RULE', 'RESULT'], rules),
      ]);
    }),
};

export const PAYMENTS: readonly Command[] = [list, get, events, explain];

function pathOf({ positionals: [id = ''] }: Asked): string {
  return `/v1/payment_intents/${encodeURIComponent(id)}`;
}

function print({ json, terminal }: Asked, text: string, lines: readonly string[]): void {
  if (json) terminal.out(text);
  else lines.forEach((line) => terminal.out(line));
}

async function everyEvent(api: ApiClient, path: string): Promise<Event[]> {
  const data: Event[] = [];
  let cursor: string | null = null;
  do {
    const query: Record<string, string> =
      cursor === null ? { limit: '100' } : { limit: '100', cursor };
    const { body } = await api.get<{ data: Event[]; next_cursor: string | null }>(path, query);
    data.push(...body.data);
    cursor = body.next_cursor;
  } while (cursor !== null);
  return data;
}

function paymentRow(payment: Payment): string[] {
  const { created_at, id, status, money_state, amount, currency, payee, order_reference } = payment;
  const state = payment.failure ? `${status} (${payment.failure.code})` : status;
  return [
    created_at,
    id,
    state,
    money_state,
    moneyText(amount, currency),
    payee.id,
    order_reference,
  ];
}

function paymentLines(payment: Payment): readonly string[] {
  const { currency, failure, next_action, attempts } = payment;
  const money = (amountMinor: number) => moneyText(amountMinor, currency);
  return facts([
    ['id', payment.id],
    ['status', `${payment.status}, money ${payment.money_state}`],
    ['amount', money(payment.amount)],
    ['authorized', money(payment.amount_authorized)],
    ['captured', money(payment.amount_captured)],
    ['refunded', money(payment.amount_refunded)],
    ['payee', payment.payee.id],
    ['order', payment.order_reference],
    ['method', payment.payment_method],
    ['agent', payment.agent],
    ['mandate', payment.mandate ?? 'none'],
    ...attempts.map(({ number, processor, outcome, reference }): [string, string] => [
      `attempt ${number}`,
      `${processor}, ${outcome}${reference === null ? '' : `, ${reference}`}`,
    ]),
    ...(failure ? [['failure', `${failure.code}: ${failure.detail}`] as const] : []),
    ...(next_action ? [['next', `${next_action.actor}: ${next_action.type}`] as const] : []),
    ['created', payment.created_at],
    ['concluded', payment.concluded_at ?? 'not yet'],
    ['revision', String(payment.revision)],
  ]);
}

function shortened(text: string): string {
  return text.length <= EVENT_DATA_MAX ? text : `${text.slice(0, EVENT_DATA_MAX - 1)}…`;
}
