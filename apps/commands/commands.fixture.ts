import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import type { Messages, PaymentOperation } from '#contracts';
import { type Outcome, PURCHASE_WINDOW_MS, type RefundOutcome } from '#domain';
import { EventStore } from '#event-store';
import { MemoryEventStore } from '#event-store/memory';
import { Clock, Timers } from '#platform';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { Authority } from './authority.js';
import { CommandsModule } from './commands.module.js';
import { InstanceKeys } from './instance-keys.js';
import { PurchaseWindow } from './purchase-window.js';
import { QuoteTerms } from './quote-terms.js';

type Create = Messages['commands.payment_intent.create']['request'];
type Tell = Messages['commands.payment_intent.tell']['request'];

/** The write side over a memory store, its clock in the hand of the test. Everybody may pay, unless `authority` is the real one. */
export async function commands({
  authority = 'active',
  store: shared,
}: { authority?: 'active' | 'real'; store?: MemoryEventStore } = {}) {
  const clock = new VirtualClock();
  const timers = new VirtualTimers(clock);
  const store = shared ?? new MemoryEventStore({ clock, timers });
  const providers = [
    { provide: Clock, useValue: clock },
    { provide: Timers, useValue: timers },
    { provide: EventStore, useValue: store },
    { provide: PurchaseWindow, useValue: new PurchaseWindow(PURCHASE_WINDOW_MS) },
    { provide: QuoteTerms, useValue: new QuoteTerms() },
    { provide: InstanceKeys, useValue: new InstanceKeys(Buffer.alloc(32, 1)) },
  ];
  class Ports {}
  Module({ providers, exports: providers.map(({ provide }) => provide) })(Ports);
  const building = Test.createTestingModule({
    imports: [CqrsModule.forRoot(), { module: Ports, global: true }, CommandsModule],
  });
  if (authority === 'active')
    building.overrideProvider(Authority).useValue({ now: async () => authority });
  const module = await building.compile();
  await module.init();
  return { module, clock, timers, store };
}

export const PURCHASE = {
  amount: 4200,
  currency: 'USD',
  payee: { id: 'acme-books' },
  payment_method: 'pm_1',
  order_reference: 'PO-1',
};

export function asked(more: Partial<Create> = {}): Create {
  return {
    principal: { tenant: 'tnt_1', role: 'agent', id: 'agt_1', key: 'k1' },
    path: '/v1/payment_intents',
    idempotencyKey: 'key-1',
    request: PURCHASE,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    mandate: 'mnd_1',
    waitMs: 10_000,
    ...more,
  };
}

type Operate = Messages['commands.payment_intent.operate']['request'];

const PATHS: Readonly<Record<PaymentOperation['kind'], string>> = {
  capture: 'capture',
  cancel: 'cancel',
  refund: 'refunds',
  approve: 'approve',
  deny: 'deny',
};
const APPROVER = { tenant: 'tnt_1', role: 'approver', id: 'k9', key: 'k9' } as const;

/** What an agent wants done about its payment, or an approver about somebody's. */
export function operating(
  id: string,
  operation: PaymentOperation,
  more: Partial<Operate> = {},
): Operate {
  const isWord = operation.kind === 'approve' || operation.kind === 'deny';
  return {
    ...asked({ path: `/v1/payment_intents/pi_${id}/${PATHS[operation.kind]}`, request: {} }),
    ...(isWord && { principal: APPROVER }),
    id: `pi_${id}`,
    operation,
    ...more,
  };
}

const PROCESSORS: Extract<Tell['command'], { type: 'JudgePayment' }>['processors'] = [
  {
    name: 'one',
    breaker: 'closed',
    authorization: 'one_step',
    fence: false,
    lookUp: true,
    keySafeForMs: 86_400_000,
    authorizationValidForMs: 7 * 86_400_000,
    currencies: 'all',
  },
];
const SENDER = { sender: 'saga-1' };
/** A day after the clock begins. */
const DUE = { approvalDueAt: '2030-01-02T00:00:00.000Z' };
const SUCCEEDED: Outcome = {
  kind: 'succeeded',
  reference: 'ch_1',
  amountMinor: 4200,
  currency: 'USD',
};

function fraud(stage: 'authorization' | 'capture', verdict: 'allow' | 'review' = 'allow') {
  const said = { verdict, reason: 'fraud', score: 1, provider: 'rules@1' } as const;
  return { stage, ...said, rules: [], failMode: null, error: null };
}

/** What sagas and connectors tell about a payment, at its first processor. */
export const JUDGED: Extract<Tell['command'], { type: 'JudgePayment' }> = {
  type: 'JudgePayment',
  ...{ ...SENDER, ...DUE, processors: PROCESSORS },
  policy: null,
  fraud: fraud('authorization'),
  mandate: { mandate: 'mnd_1', decision: 'reserved', code: null, rules: [] },
  refusal: null,
  reasons: [],
};
export const ASKED: Tell['command'] = {
  ...JUDGED,
  reasons: [{ source: 'mandate', rule: 'approval.above', detail: 'A large amount.' }],
};
export const AUTHORIZED: Tell['command'] = {
  type: 'RecordAuthorization',
  ...{ ...SENDER, number: 1, outcome: SUCCEEDED, durationMs: 1, firstSend: true },
};
export const SCREENED: Extract<Tell['command'], { type: 'DecideCapture' }> = {
  type: 'DecideCapture',
  ...{ ...SENDER, ...DUE, number: 1, fraud: fraud('capture') },
};
export const REVIEWED: Tell['command'] = { ...SCREENED, fraud: fraud('capture', 'review') };
export const CAPTURED: Tell['command'] = {
  type: 'RecordCapture',
  ...{ ...SENDER, number: 1, outcome: SUCCEEDED },
};
export const VOIDED: Tell['command'] = { ...CAPTURED, type: 'RecordVoid' };

export function refunded(refund: string, outcome: RefundOutcome): Tell['command'] {
  return { type: 'RecordRefund', ...SENDER, refund, outcome };
}

export const PAYER = { tenant: 'tnt_1', agent: 'agt_1', mandate: 'mnd_1' };

/** Each is told under an id of its own: telling it again is telling the same. */
export function telling(id: string, ...told: Tell['command'][]): Tell[] {
  return told.map((command) => ({
    commandId: `cause-${JSON.stringify(command)}`,
    causationId: 'cause',
    correlationId: `pi_${id}`,
    tenant: 'tnt_1',
    traceparent: null,
    id,
    command,
    payer: PAYER,
  }));
}

/** A payment that succeeds at its first processor. */
export function storyOf(id: string): Tell[] {
  return telling(id, JUDGED, AUTHORIZED, SCREENED, CAPTURED);
}
