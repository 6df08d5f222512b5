import { Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { Bus } from '#bus';
import type { Messages } from '#contracts';
import { EventStore, type JsonObject } from '#event-store';
import { MemoryEventStore } from '#event-store/memory';
import { Clock, Timers, Trouble } from '#platform';
import { SeededRandom, VirtualClock, VirtualTimers } from '#platform/memory';
import { PolicyEngine } from '#policy';
import { LogFirstPublisher, MemorySagaStore } from '#runtime';
import { ApprovalTime } from './approval-time.js';
import { FOLLOWED_STREAMS, LogFeeds } from './log-feeds.js';
import { SagasModule } from './sagas.module.js';
import { Sender } from './sender.js';

type Asked = { subject: string; payload: Record<string, unknown> };

const FRAUD = { stage: 'authorization', verdict: 'allow', reason: 'fraud', score: 1 };
export const CALL = { processor: 'one', key: 'abc-1', amountMinor: 4200, currency: 'USD' };
export const MONEY = { amountMinor: 4200, currency: 'USD' };
export const AT = '2030-01-01T00:00:00.000Z';
const APPROVAL_TIME_MS = 3_600_000;
/** Until when an approval that is asked for now may be given. */
export const DUE_AT = '2030-01-01T01:00:00.000Z';

/** Notes what is asked, and answers as a world would in which everything works. */
export class ScriptedBus extends Bus<Messages> {
  readonly asked: Asked[] = [];
  /** Errors to come, by subject. */
  readonly errors = new Map<string, Error[]>();
  /** By subject; a function answers to what was asked. */
  readonly replies: Record<string, unknown> = {
    'queries.agent.standing': {
      name: 'Buyer',
      status: 'active',
      activity: { countLastMinute: 0, countLastHour: 0, countLastDay: 0, amountLastDayMinor: 0 },
      velocityRules: false,
      mandate: 'active',
    },
    'queries.payment_intent.pending': null,
    'queries.payment_intent.ended_without_money': false,
    'effects.fraud.screen': FRAUD,
    'effects.processors.facts': [],
    'effects.processors.call': {
      outcome: { kind: 'succeeded', reference: 'ch_1', ...MONEY },
      durationMs: 4,
    },
    'effects.reservations.call': { outcome: { kind: 'done', reference: 'r-1' }, durationMs: 4 },
    'commands.purchase.claim': { claimed: true, code: null, earlier: [] },
    'commands.purchase.free': { ok: true },
    'commands.mandate.reserve': { decision: 'reserved', code: null, checks: [] },
    'commands.mandate.settle': { ok: true },
    'commands.payment_intent.tell': { ok: true, code: null, revision: 1 },
    'commands.parked.park': { ok: true },
    'commands.parked.resolve': { ok: true },
  };

  override async request<Subject extends keyof Messages & string>(
    subject: Subject,
    payload: Messages[Subject]['request'],
  ): Promise<Messages[Subject]['reply']> {
    this.asked.push({ subject, payload: payload as Record<string, unknown> });
    const error = this.errors.get(subject)?.shift();
    if (error) throw error;
    const reply = this.replies[subject];
    return (await (typeof reply === 'function'
      ? (reply as (asked: unknown) => unknown)(payload)
      : reply)) as Messages[Subject]['reply'];
  }

  subjects(): string[] {
    return this.asked.map(({ subject }) => subject);
  }

  askedFor(subject: keyof Messages & string): Record<string, unknown>[] {
    return this.asked.filter((each) => each.subject === subject).map(({ payload }) => payload);
  }

  /** The commands that were told to payments. */
  told(): unknown[] {
    return this.askedFor('commands.payment_intent.tell').map(({ command }) => command);
  }

  calls(): unknown[] {
    return this.askedFor('effects.processors.call');
  }
}

/** The sagas over a memory store and a scripted bus, in the life `life-1`, following the log. */
export async function sagas() {
  const clock = new VirtualClock();
  const timers = new VirtualTimers(clock);
  const store = new MemoryEventStore({ clock, timers });
  const bus = new ScriptedBus();
  const ids = new SeededRandom('sagas');
  const troubles: string[] = [];
  /** What the policy says; a test may change it. */
  const policy = { decision: 'allow', bundle: 'b1', determining: [] as string[] };
  const decide = () => ({ ...policy, evaluated: [], errors: [], inputs: {} });
  const providers = [
    { provide: Bus, useValue: bus },
    { provide: EventStore, useValue: store },
    { provide: Clock, useValue: clock },
    { provide: Timers, useValue: timers },
    { provide: Sender, useValue: new Sender('life-1') },
    { provide: ApprovalTime, useValue: new ApprovalTime(APPROVAL_TIME_MS) },
    { provide: Trouble, useValue: { report: (message: string) => troubles.push(message) } },
    { provide: PolicyEngine, useValue: { decide } },
  ];
  class Ports {}
  Module({ providers, exports: providers.map(({ provide }) => provide) })(Ports);
  const module = await Test.createTestingModule({
    imports: [
      CqrsModule.forRoot({ eventPublisher: new LogFirstPublisher() }),
      { module: Ports, global: true },
      SagasModule,
    ],
  }).compile();
  await module.init();
  const runtime = module.get(LogFeeds).over(new MemorySagaStore());
  await runtime.start(FOLLOWED_STREAMS);

  /** Appends an event and lets everything that follows at once happen; gives the event's id. */
  const happens = async (type: string, data: JsonObject, stream = 'payment_intent-abc') => {
    const metadata = {
      $correlationId: 'pi_abc',
      $causationId: 'cause',
      schemaVersion: 1,
      tenant: 'tnt_1',
      traceparent: '00-1-2-01',
    };
    const id = ids.uuid();
    await store.append(stream, 'any', [{ id, type, data, metadata }]);
    await timers.advance(0);
    return id;
  };
  const stop = async () => {
    await runtime.stop();
    await module.close();
  };
  return { bus, store, clock, timers, policy, troubles, runtime, happens, stop };
}

export const REQUESTED = {
  id: 'abc',
  tenant: 'tnt_1',
  agent: 'agt_1',
  mandate: 'mnd_1',
  purchase: 'purchase-1',
  request: { amount: 4200, currency: 'USD', payee: { id: 'acme' }, payment_method: 'pm_1' },
  at: AT,
};
export const started = (authorization: 'one_step' | 'two_step', sender = 'life-1') => ({
  ...{ number: 1, agent: 'agt_1', authorization, sender, at: AT, fence: false, lookUp: true },
  ...{ ...CALL, paymentMethod: 'pm_1', keySafeUntil: '2030-01-02T00:00:00.000Z' },
});
export const acting = { number: 1, call: CALL, sender: 'life-1', at: AT };
export const SCREENING = {
  tenant: 'tnt_1',
  agent: 'agt_1',
  mandate: 'mnd_1',
  payee: { id: 'acme' },
};
export const HELD = { number: 1, screening: { ...SCREENING, ...MONEY, paymentMethod: 'pm_1' } };
export const UNDONE = { mandate: 'mnd_1', spentMinor: 0, purchase: 'purchase-1', at: AT };
export const ENDED = { mandate: 'mnd_1', spentMinor: 4200, at: AT };
export const MERCHANT_CALL = {
  ...{ participant: 'warehouse', key: 'abc-reservation', payee: 'acme', orderReference: 'PO-1' },
  ...{ items: [{ sku: 'B-1', quantity: 2 }], reference: null },
};
export const REFUND = {
  ...{ refund: 'op-1', number: 1, sequence: 1, reason: 'returned', sender: 'life-1', at: AT },
  ...{ ...MONEY, call: { ...CALL, refund: { key: 'abc-1-r1', reference: null } } },
};
/** An approver agreed: to the payment, or with `held` to what is held. */
export const granted = (stage: 'authorization' | 'capture', held: JsonObject | null = null) => ({
  ...{ stage, held, payment: REQUESTED, fingerprint: 'f1', by: 'k9', at: AT },
});
