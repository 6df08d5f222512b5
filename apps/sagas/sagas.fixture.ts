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
import { LogFirstPublisher, MemorySagaStore, SagaRuntime, SagaStore } from '#runtime';
import { FOLLOWED_STREAMS, SagasModule } from './sagas.module.js';
import { Sender } from './sender.js';

type Asked = { subject: string; payload: Record<string, unknown> };

const FRAUD = { stage: 'authorization', verdict: 'allow', reason: 'fraud', score: 1 };
export const CALL = { processor: 'one', key: 'abc-1', amountMinor: 4200, currency: 'USD' };
export const MONEY = { amountMinor: 4200, currency: 'USD' };
export const AT = '2030-01-01T00:00:00.000Z';

/** Notes what is asked, and answers as a world would in which everything works. */
export class ScriptedBus extends Bus<Messages> {
  readonly asked: Asked[] = [];
  /** Errors to come, by subject. */
  readonly errors = new Map<string, Error[]>();
  readonly replies: Record<string, unknown> = {
    'queries.agent.standing': {
      name: 'Buyer',
      status: 'active',
      activity: { countLastMinute: 0, countLastHour: 0, countLastDay: 0, amountLastDayMinor: 0 },
      velocityRules: false,
    },
    'queries.payment_intent.pending': null,
    'effects.fraud.screen': FRAUD,
    'effects.processors.facts': [],
    'effects.processors.call': {
      outcome: { kind: 'succeeded', reference: 'ch_1', ...MONEY },
      durationMs: 4,
      processors: [],
    },
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
    return this.replies[subject] as Messages[Subject]['reply'];
  }

  /** What was told to payments: type of the command, and its number and probe. */
  told(): unknown[] {
    return this.asked
      .filter(({ subject }) => subject === 'commands.payment_intent.tell')
      .map(({ payload }) => payload['command']);
  }

  calls(): unknown[] {
    return this.asked
      .filter(({ subject }) => subject === 'effects.processors.call')
      .map(({ payload }) => payload);
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
  const allow = { decision: 'allow', bundle: 'b1', determining: [], evaluated: [], errors: [] };
  const providers = [
    { provide: Bus, useValue: bus },
    { provide: EventStore, useValue: store },
    { provide: SagaStore, useValue: new MemorySagaStore() },
    { provide: Clock, useValue: clock },
    { provide: Timers, useValue: timers },
    { provide: Sender, useValue: new Sender('life-1') },
    { provide: Trouble, useValue: { report: (message: string) => troubles.push(message) } },
    { provide: PolicyEngine, useValue: { decide: () => ({ ...allow, inputs: {} }) } },
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
  const runtime = module.get(SagaRuntime);
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
  return { bus, store, timers, troubles, runtime, happens, stop };
}

export const REQUESTED = {
  id: 'abc',
  tenant: 'tnt_1',
  agent: 'agt_1',
  mandate: 'mnd_1',
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
export const ENDED = { mandate: 'mnd_1', spentMinor: 4200, at: AT };
