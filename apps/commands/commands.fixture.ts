import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import type { Messages } from '#contracts';
import type { Outcome } from '#domain';
import { EventStore } from '#event-store';
import { MemoryEventStore } from '#event-store/memory';
import { Clock, Timers } from '#platform';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { CommandsModule } from './commands.module.js';
import { InstanceKeys } from './instance-keys.js';

type Create = Messages['commands.payment_intent.create']['request'];
type Tell = Messages['commands.payment_intent.tell']['request'];

/** The write side over a memory store, its clock in the hand of the test. */
export async function commands() {
  const clock = new VirtualClock();
  const timers = new VirtualTimers(clock);
  const store = new MemoryEventStore({ clock, timers });
  const providers = [
    { provide: Clock, useValue: clock },
    { provide: Timers, useValue: timers },
    { provide: EventStore, useValue: store },
    { provide: InstanceKeys, useValue: new InstanceKeys(Buffer.alloc(32, 1)) },
  ];
  class Ports {}
  Module({ providers, exports: providers.map(({ provide }) => provide) })(Ports);
  const module = await Test.createTestingModule({
    imports: [CqrsModule.forRoot(), { module: Ports, global: true }, CommandsModule],
  }).compile();
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

const PROCESSORS: Extract<Tell['command'], { type: 'JudgePayment' }>['processors'] = [
  {
    name: 'one',
    breaker: 'closed',
    authorization: 'one_step',
    fence: false,
    lookUp: true,
    keySafeForMs: 86_400_000,
    currencies: 'all',
  },
];

function fraud(stage: 'authorization' | 'capture') {
  const said = { verdict: 'allow', reason: 'fraud', score: 1, provider: 'rules@1' } as const;
  return { stage, ...said, rules: [], failMode: null, error: null };
}

/** What sagas and connectors tell about a payment that succeeds at its first processor. */
export function storyOf(id: string): Tell[] {
  const acting = { processors: PROCESSORS, sender: 'saga-1' };
  const outcome: Outcome = {
    kind: 'succeeded',
    reference: 'ch_1',
    amountMinor: 4200,
    currency: 'USD',
  };
  const story: Tell['command'][] = [
    {
      type: 'JudgePayment',
      ...acting,
      policy: null,
      fraud: fraud('authorization'),
      mandate: { mandate: 'mnd_1', decision: 'reserved', code: null, rules: [] },
      refusal: null,
    },
    { type: 'RecordAuthorization', ...acting, number: 1, outcome, durationMs: 1, firstSend: true },
    { type: 'DecideCapture', ...acting, number: 1, fraud: fraud('capture') },
    { type: 'RecordCapture', ...acting, number: 1, outcome },
  ];
  return story.map((command, index) => ({
    commandId: `cause-${index}`,
    causationId: `cause-${index}`,
    correlationId: `pi_${id}`,
    tenant: 'tnt_1',
    traceparent: null,
    id,
    command,
  }));
}
