import { Global, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Bus, BusError } from '#bus';
import { type Answer, type Messages, answer, formatApiKey, hashKey } from '#contracts';
import { Metrics } from '#metrics';
import { Clock, Random, Timers, Trouble } from '#platform';
import { SystemClock, SystemTimers } from '#platform/system';
import { HTTP_OPTIONS, configureHttp } from './configure-http.js';
import { type CardCall, CardRoad } from './card-road.port.js';
import { type NoticeReceipt, NoticeRoad, type RawNotice } from './notice-road.port.js';
import { GatewayModule } from './gateway.module.js';
import { createHttpAdapter } from './http.adapter.js';
import { Readiness } from './readiness.port.js';

type Responder<Subject extends keyof Messages> = (
  request: Messages[Subject]['request'],
) => Messages[Subject]['reply'] | Promise<Messages[Subject]['reply']>;
export type Script = { [Subject in keyof Messages]?: Responder<Subject> };

/** Answers from a script and remembers what was asked; a subject without a line has no responder. */
export class ScriptedBus extends Bus<Messages> {
  script: Script = {};
  readonly asked: { subject: string; payload: unknown }[] = [];

  override async request<Subject extends keyof Messages & string>(
    subject: Subject,
    payload: Messages[Subject]['request'],
  ): Promise<Messages[Subject]['reply']> {
    if (subject !== 'queries.access.authenticate') this.asked.push({ subject, payload });
    const responder = this.script[subject] as Responder<Subject> | undefined;
    if (!responder) throw new BusError('no_responder', subject, '');
    return responder(payload);
  }
}

class CountingRandom extends Random {
  private count = 0;
  bytes(length: number): Buffer {
    this.count += 1;
    return Buffer.alloc(length, this.count);
  }
  uuid(): string {
    return '00000000-0000-4000-8000-000000000000';
  }
}

class ListedTrouble extends Trouble {
  readonly reported: string[] = [];
  report(message: string, error: unknown): void {
    this.reported.push(`${message}: ${String(error)}`);
  }
}

class SettableReadiness extends Readiness {
  waitingFor: string[] = [];
  ready(): boolean {
    return this.waitingFor.length === 0;
  }
  reasons(): string[] {
    return this.waitingFor;
  }
}

/** Notes what comes along, and answers as it is told. */
export class ScriptedRoad extends CardRoad {
  readonly came: { call: CardCall; body: string }[] = [];
  answer: () => Promise<Answer> = () => Promise.resolve(answer({ status: 201, body: '{}' }));

  tokenize(call: CardCall, body: Buffer): Promise<Answer> {
    this.came.push({ call, body: body.toString('utf8') });
    return this.answer();
  }
}

/** Notes what comes along, and receives it as it is told. */
export class ScriptedNoticeRoad extends NoticeRoad {
  readonly came: (RawNotice & { body: string })[] = [];
  receipt: () => Promise<NoticeReceipt> = () => Promise.resolve('taken');

  deliver(notice: RawNotice, body: Buffer): Promise<NoticeReceipt> {
    this.came.push({ ...notice, body: body.toString('utf8') });
    return this.receipt();
  }
}

export const ROLES = ['agent', 'operator', 'approver', 'auditor'] as const;
export type RoleName = (typeof ROLES)[number];

export function keyOf(role: string): string {
  return formatApiKey('test', role, 'secretsecretsecret');
}

/** Everybody of the tenant; `suspended` is an agent that may not pay, `two` one with two mandates. */
export const authenticate: Responder<'queries.access.authenticate'> = ({ key, hash }) => {
  if (hash !== hashKey(keyOf(key))) return null;
  const role = ROLES.find((each) => each === key) ?? 'agent';
  const id = role === 'agent' ? `agt_${key}` : key;
  const status = key === 'suspended' ? 'suspended' : 'active';
  const mandates = key === 'two' ? ['mnd_a', 'mnd_b'] : ['mnd_a'];
  const principal = { tenant: 'tnt_a', role, id, key };
  return { principal, agent: role === 'agent' ? { status, mandates } : null };
};

export interface Gateway {
  app: NestFastifyApplication;
  bus: ScriptedBus;
  road: ScriptedRoad;
  notices: ScriptedNoticeRoad;
  trouble: ListedTrouble;
  readiness: SettableReadiness;
  metrics: Metrics;
}

/** The gateway as it is composed, with a bus that answers by script. */
export async function startGateway(): Promise<Gateway> {
  const [bus, road, notices, random, trouble, readiness, metrics] = [
    new ScriptedBus(),
    new ScriptedRoad(),
    new ScriptedNoticeRoad(),
    new CountingRandom(),
    new ListedTrouble(),
    new SettableReadiness(),
    new Metrics(),
  ];
  const provided = [
    { provide: Bus, useValue: bus },
    { provide: CardRoad, useValue: road },
    { provide: NoticeRoad, useValue: notices },
    { provide: Clock, useValue: new SystemClock() },
    { provide: Timers, useValue: new SystemTimers() },
    { provide: Random, useValue: random },
    { provide: Trouble, useValue: trouble },
    { provide: Readiness, useValue: readiness },
    { provide: Metrics, useValue: metrics },
  ];
  @Global()
  @Module({ providers: provided, exports: provided.map(({ provide }) => provide) })
  class PortsModule {}
  const testing = await Test.createTestingModule({
    imports: [PortsModule, GatewayModule],
  }).compile();
  const app = testing.createNestApplication<NestFastifyApplication>(createHttpAdapter(random), {
    ...HTTP_OPTIONS,
    logger: false,
  });
  configureHttp(app);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return { app, bus, road, notices, trouble, readiness, metrics };
}
