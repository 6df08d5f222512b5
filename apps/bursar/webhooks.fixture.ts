import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type INestMicroservice, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { Webhook } from 'standardwebhooks';
import { expect, vi } from 'vitest';
import { Bus } from '#bus';
import { InProcessBus, InProcessTransport } from '#bus/in-process';
import type { Call, Messages, Principal, WorldEvent } from '#contracts';
import { PURCHASE_WINDOW_MS } from '#domain';
import { EventStore, type NewEvent } from '#event-store';
import { MemoryEventStore } from '#event-store/memory';
import {
  Clock,
  HttpClient,
  type HttpRequest,
  type HttpResponse,
  HttpTransportError,
  type Members,
  Timers,
  Trouble,
} from '#platform';
import { MemoryMembers, SeededRandom, VirtualClock, VirtualTimers } from '#platform/memory';
import { ProjectionRuntime } from '#runtime/projection';
import { WebhookSender } from '#webhooks';
import { CommandsModule } from '../commands/commands.module.js';
import { InstanceKeys } from '../commands/instance-keys.js';
import { PurchaseWindow } from '../commands/purchase-window.js';
import { QuoteTerms } from '../commands/quote-terms.js';
import { WebhookEffects } from '../connectors/webhook-effects.js';
import { WebhooksController } from '../connectors/webhooks.controller.js';
import { QueriesModule } from '../queries/queries.module.js';
import { Sender } from '../sagas/sender.js';
import { WebhookDispatch } from '../sagas/webhook-dispatch.js';

const DAY_MS = 86_400_000;

/** What a receiver got, whether it took it or not. */
export interface Received {
  atMs: number;
  id: string;
  body: string;
  event: WorldEvent;
  headers: Record<string, string>;
}

/** Answers with a status, or is silent until the sender gives up. */
export type Behaviour = number | 'silent' | ((request: HttpRequest) => number | 'silent');

/** Receivers, by the host of their address. */
class Internet extends HttpClient {
  readonly received = new Map<string, Received[]>();
  readonly behaviours = new Map<string, Behaviour>();
  /** Requests that are on their way, and the most there were, by host. */
  readonly open = new Map<string, number>();
  readonly openMost = new Map<string, number>();

  constructor(private readonly clock: VirtualClock) {
    super();
  }

  override async request(request: HttpRequest): Promise<HttpResponse> {
    const { host } = new URL(request.url);
    const { headers = {}, body = '' } = request;
    const id = headers['webhook-id'] ?? '';
    const event = JSON.parse(body) as WorldEvent;
    this.got(host).push({ atMs: this.clock.now(), id, body, event, headers });
    this.count(host, 1);
    try {
      return await this.answer(host, request);
    } finally {
      this.count(host, -1);
    }
  }

  override async close(): Promise<void> {}

  got(host: string): Received[] {
    const known = this.received.get(host) ?? [];
    this.received.set(host, known);
    return known;
  }

  private async answer(host: string, request: HttpRequest): Promise<HttpResponse> {
    // As over a wire: not in the same breath.
    await new Promise((resolve) => setImmediate(resolve));
    const behaviour = this.behaviours.get(host) ?? 200;
    const status = typeof behaviour === 'function' ? behaviour(request) : behaviour;
    if (status !== 'silent') return { status, headers: {}, body: '' };
    return new Promise((_, reject) => {
      request.signal?.addEventListener('abort', () =>
        reject(new HttpTransportError('sent', 'aborted')),
      );
    });
  }

  private count(host: string, more: number): void {
    const open = (this.open.get(host) ?? 0) + more;
    this.open.set(host, open);
    this.openMost.set(host, Math.max(open, this.openMost.get(host) ?? 0));
  }
}

/** Lets questions for news wait for long, so that a quiet day does not take long; and goes dead as a process does. */
class LifeBus extends Bus<Messages> {
  isDead = false;
  /** Subjects that nobody answers for now. */
  readonly away = new Set<string>();

  constructor(private readonly bus: InProcessBus<Messages>) {
    super();
  }

  override async request<Subject extends keyof Messages & string>(
    subject: Subject,
    payload: Messages[Subject]['request'],
    options?: { timeoutMs?: number },
  ): Promise<Messages[Subject]['reply']> {
    if (this.isDead) return new Promise(() => undefined);
    const nobody = this.away.has(subject) ? new InProcessBus<Messages>(new Never()) : this.bus;
    if (subject !== 'queries.webhook_endpoints.news')
      return nobody.request(subject, payload, options);
    const { after } = payload as Messages['queries.webhook_endpoints.news']['request'];
    const patient = { after, waitMs: DAY_MS } as typeof payload;
    return nobody.request(subject, patient, { timeoutMs: 2 * DAY_MS });
  }
}

class Never extends Timers {
  after(): () => void {
    return () => undefined;
  }
}

const OPERATOR: Principal = { tenant: 'tnt_1', role: 'operator', id: 'op', key: 'op' };

/** One life of the processes that webhooks need, over a log that outlives it. */
export interface Life {
  readonly bus: LifeBus;
  readonly dispatch: WebhookDispatch;
  readonly trouble: string[];
  stop(): Promise<void>;
  /** As by `kill -9`. */
  kill(): Promise<void>;
}

export class WebhookWorld {
  readonly clock = new VirtualClock();
  readonly timers = new VirtualTimers(this.clock);
  readonly store = new MemoryEventStore({ clock: this.clock, timers: this.timers });
  readonly internet = new Internet(this.clock);
  private readonly random = new SeededRandom('webhooks');
  private readonly folder = mkdtempSync(join(tmpdir(), 'webhooks-'));
  private readonly lives: Life[] = [];
  private keys = 0;

  async begin(
    members: Pick<Members, 'self' | 'alive' | 'onChange'> = new MemoryMembers('one'),
  ): Promise<Life> {
    const { clock, timers, store } = this;
    const inner = new InProcessBus<Messages>(timers);
    const bus = new LifeBus(inner);
    const trouble: string[] = [];
    const providers = [
      { provide: Bus, useValue: bus },
      { provide: Clock, useValue: clock },
      { provide: Timers, useValue: timers },
      { provide: EventStore, useValue: store },
      { provide: Trouble, useValue: { report: (message: string) => trouble.push(message) } },
      { provide: PurchaseWindow, useValue: new PurchaseWindow(PURCHASE_WINDOW_MS) },
      { provide: QuoteTerms, useValue: new QuoteTerms() },
      { provide: InstanceKeys, useValue: new InstanceKeys(Buffer.alloc(32, 1)) },
      { provide: Sender, useValue: new Sender(this.random.uuid()) },
      {
        provide: WebhookSender,
        useValue: new WebhookSender(this.internet, clock, timers, { allowInternal: false }),
      },
    ];
    @Module({ providers, exports: providers.map(({ provide }) => provide) })
    class Ports {}
    const file = join(this.folder, `${this.random.uuid()}.db`);
    const module = await Test.createTestingModule({
      imports: [
        CqrsModule.forRoot(),
        { module: Ports, global: true },
        CommandsModule,
        QueriesModule.with(Ports, file),
      ],
      controllers: [WebhooksController],
      providers: [WebhookEffects, WebhookDispatch],
    }).compile();
    const app: INestMicroservice = module.createNestMicroservice({
      strategy: new InProcessTransport(inner as InProcessBus),
      logger: false,
    });
    const projections = app.get(ProjectionRuntime);
    projections.start();
    await app.listen();
    const dispatch = app.get(WebhookDispatch);
    dispatch.start(members);
    const close = async () => {
      await projections.close();
      await app.close();
    };
    let isOver = false;
    const life: Life = {
      ...{ bus, dispatch, trouble },
      stop: async () => {
        if (isOver) return;
        isOver = true;
        const stopping = dispatch.stop();
        await this.until(stopping);
        bus.isDead = true;
        await close();
      },
      kill: async () => {
        isOver = true;
        bus.isDead = true;
        await close();
      },
    };
    this.lives.push(life);
    return life;
  }

  async end(): Promise<void> {
    for (const life of this.lives) await life.stop();
    await this.store.close();
    rmSync(this.folder, { recursive: true });
    vi.useRealTimers();
  }

  /** Lets the clock go on until this is settled. */
  async until<T>(work: Promise<T>): Promise<T> {
    let isSettled = false;
    void work.then(
      () => (isSettled = true),
      () => (isSettled = true),
    );
    await quiet();
    for (let turn = 0; turn < 100_000 && !isSettled; turn += 1) await this.pass(1);
    return work;
  }

  /** Lets this much time pass; what follows from an instant happens before the next one. */
  async pass(ms: number): Promise<void> {
    const endMs = this.clock.monotonicMs() + ms;
    await quiet();
    while ((this.timers.nextDueMs() ?? Infinity) <= endMs) {
      this.timers.fireNext();
      await quiet();
    }
    this.clock.moveTo(endMs);
  }

  private call(path: string, principal: Principal, request: object = {}): Call {
    this.keys += 1;
    const idempotencyKey = `key-${this.keys}`;
    return { principal, path, idempotencyKey, request: request as never, traceId: '0'.repeat(32) };
  }

  /** An endpoint at `https://<host>/`, of an agent or of the tenant. */
  async register(
    { bus }: Life,
    host: string,
    agent: string | null = null,
  ): Promise<{ id: string; secret: string }> {
    const principal: Principal = agent ? { ...OPERATOR, role: 'agent', id: agent } : OPERATOR;
    const url = `https://${host}/`;
    const call = this.call('/v1/webhook_endpoints', principal, { url });
    const asked = { ...call, agent, url, description: null };
    const answer = await this.until(bus.request('commands.webhook_endpoint.register', asked));
    expect(answer.status, answer.body).toBe(201);
    return JSON.parse(answer.body) as { id: string; secret: string };
  }

  async operate(
    { bus }: Life,
    id: string,
    operation: Messages['commands.webhook_endpoint.operate']['request']['operation'],
  ): Promise<Record<string, unknown>> {
    const call = this.call(`/v1/webhook_endpoints/${id}/${operation.kind}`, OPERATOR);
    const asked = { ...call, id, agent: null, operation };
    const answer = await this.until(bus.request('commands.webhook_endpoint.operate', asked));
    return { answered: answer.status, ...(JSON.parse(answer.body) as object) };
  }

  async endpoint({ bus }: Life, id: string): Promise<Record<string, unknown>> {
    const asked = { tenant: 'tnt_1', agent: null, id };
    const found = await this.until(bus.request('queries.webhook_endpoints.get', asked));
    return { ...found };
  }

  /** Everything that was tried, the newest first. */
  async deliveries({ bus }: Life, id: string): Promise<Record<string, unknown>[]> {
    const asked = { tenant: 'tnt_1', agent: null, id, limit: 10_000, cursor: null };
    const page = await this.until(bus.request('queries.webhook_endpoints.deliveries', asked));
    return page?.data ?? [];
  }

  /** What `GET /v1/events` would show. */
  async pulled({ bus }: Life, agent: string | null = null): Promise<WorldEvent[]> {
    const asked = { tenant: 'tnt_1', agent, after: null, limit: 10_000 };
    const page = await this.until(bus.request('queries.events', asked));
    return page.data as unknown as WorldEvent[];
  }

  /** Something happens to a payment; its beginning comes first. */
  async happens(payment: string, type: string, more: object = {}): Promise<void> {
    const at = new Date(this.clock.now()).toISOString();
    const stream = `payment_intent-${payment}`;
    const metadata = { $correlationId: payment, $causationId: payment, schemaVersion: 1 };
    const event = { id: this.random.uuid(), type, data: { at, ...more } };
    const recorded = { ...event, metadata: { ...metadata, tenant: 'tnt_1' } };
    await this.store.append(stream, 'any', [recorded as unknown as NewEvent]);
  }

  async asks(payment: string, agent = 'agt_1'): Promise<void> {
    const payee = { id: 'acme' };
    const request = { amount: 4200, currency: 'USD', payee, order_reference: 'PO-1' };
    const facts = { id: payment, tenant: 'tnt_1', agent, mandate: null, request };
    await this.happens(payment, 'PaymentIntentRequested', facts);
  }

  async succeeds(payment: string): Promise<void> {
    await this.happens(payment, 'PaymentSucceeded', { mandate: null, spentMinor: 4200 });
  }

  /** A payment with events numbered 1 to 5. */
  async pays(payment: string, agent = 'agt_1'): Promise<void> {
    await this.asks(payment, agent);
    for (const operation of ['o1', 'o2', 'o3'])
      await this.happens(payment, 'PaymentUnparked', { operation, by: 'op' });
    await this.succeeds(payment);
  }

  /** Whether the receiver's own copy of the secret proves that an event is ours. */
  isProven(secret: string, { body, headers, atMs }: Received): boolean {
    vi.useFakeTimers({ toFake: ['Date'], now: atMs });
    try {
      new Webhook(secret).verify(body, headers);
      return true;
    } catch {
      return false;
    } finally {
      vi.useRealTimers();
    }
  }
}

/** What needs no time happens. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export const ids = (received: readonly { id: string }[]): string[] => received.map(({ id }) => id);
