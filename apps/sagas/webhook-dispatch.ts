import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import type { Messages, WebhookAudience } from '#contracts';
import { Clock, Ending, type Members, Timers, Trouble, ownerOf } from '#platform';
import { Sender } from './sender.js';
import { WebhookCourier } from './webhook-courier.js';

/** How long a question for news waits for some. */
const WAIT_MS = 2_000;
/** What happens in so short a time is asked for together. */
const BREATH_MS = 20;
const RETRY_MS = 1_000;
const PAGE = 1_000;

/**
 * Has a courier for each enabled endpoint that falls to this process, and wakes those for whom there is something. The processes share
 * the endpoints out as they share the streams; while they disagree, an endpoint has two couriers, or none for a moment.
 */
@Injectable()
export class WebhookDispatch {
  /** Enabled ones, whoever sends to them. */
  private readonly endpoints = new Map<string, WebhookAudience>();
  private readonly couriers = new Map<string, WebhookCourier>();
  private members: Pick<Members, 'self' | 'alive'> | undefined;
  private unsubscribe: (() => void) | undefined;
  private commands = 0;
  private readonly ending = new Ending();
  /** Couriers that are dismissed and have not ended. */
  private readonly leaving = new Set<Promise<void>>();
  private reported = '';

  constructor(
    private readonly bus: Bus<Messages>,
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly trouble: Trouble,
    private readonly sender: Sender,
  ) {}

  /** `members`: the processes that do this. */
  start(members: Pick<Members, 'self' | 'alive' | 'onChange'>): void {
    this.members = members;
    this.unsubscribe = members.onChange(() => this.shareOut());
    void this.run();
  }

  /** Before those that it asks end. */
  async stop(): Promise<void> {
    this.unsubscribe?.();
    this.ending.end();
    for (const id of [...this.couriers.keys()]) this.dismiss(id);
    await Promise.all(this.leaving);
  }

  /** Endpoints that this process sends to. */
  get size(): number {
    return this.couriers.size;
  }

  private async run(): Promise<void> {
    let position: number | null = null;
    while (!this.ending.isOver) {
      try {
        position = position === null ? await this.begin() : await this.goOn(position);
        this.reported = '';
        await this.pause(BREATH_MS);
      } catch (error) {
        this.report(error);
        await this.pause(RETRY_MS);
      }
    }
  }

  /** Learns of every endpoint; the position since which it has to be told of changes. */
  private async begin(): Promise<number> {
    const asked = { after: null, waitMs: 0 };
    const { position } = await this.bus.request('queries.webhook_endpoints.news', asked);
    let after = '';
    for (;;) {
      const page = await this.bus.request('queries.webhook_endpoints.enabled', {
        after,
        limit: PAGE,
      });
      for (const endpoint of page) this.endpoints.set(endpoint.id, endpoint);
      const last = page.at(-1);
      if (page.length < PAGE || !last) break;
      after = last.id;
    }
    this.shareOut();
    return position;
  }

  private async goOn(after: number): Promise<number> {
    const asked = { after, waitMs: WAIT_MS };
    const limit = { timeoutMs: WAIT_MS + 10_000 };
    const request = this.bus.request('queries.webhook_endpoints.news', asked, limit);
    const news = await this.ending.or(request);
    if (!news || this.ending.isOver) return after;
    for (const { enabled, ...endpoint } of news.changed) {
      if (enabled) this.endpoints.set(endpoint.id, endpoint);
      else this.endpoints.delete(endpoint.id);
      this.couriers.get(endpoint.id)?.lookAgain();
    }
    if (news.changed.length > 0) this.shareOut();
    if (news.told.length > 0) this.wakeFor(news.told);
    return Math.max(after, news.position);
  }

  private wakeFor(told: readonly { tenant: string; agent: string }[]): void {
    const whose = new Set(told.flatMap(({ tenant, agent }) => [tenant, `${tenant} ${agent}`]));
    for (const courier of this.couriers.values()) {
      const { tenant, agent } = courier.audience;
      if (whose.has(agent === null ? tenant : `${tenant} ${agent}`)) courier.wake();
    }
  }

  private shareOut(): void {
    if (this.ending.isOver || !this.members) return;
    const { self } = this.members;
    const alive = this.members.alive();
    const isOurs = (id: string) => this.endpoints.has(id) && ownerOf(id, alive) === self;
    for (const id of [...this.couriers.keys()]) if (!isOurs(id)) this.dismiss(id);
    for (const endpoint of this.endpoints.values())
      if (!this.couriers.has(endpoint.id) && isOurs(endpoint.id)) this.engage(endpoint);
  }

  private engage(endpoint: WebhookAudience): void {
    const { bus, clock, timers, trouble } = this;
    const nextCommandId = () => `${this.sender.id}/webhooks/${(this.commands += 1)}`;
    const courier = new WebhookCourier(endpoint, { bus, clock, timers, trouble, nextCommandId });
    this.couriers.set(endpoint.id, courier);
    courier.start();
  }

  private dismiss(id: string): void {
    const leaving = this.couriers.get(id)?.stop();
    this.couriers.delete(id);
    if (!leaving) return;
    this.leaving.add(leaving);
    void leaving.finally(() => this.leaving.delete(leaving));
  }

  private async pause(forMs: number): Promise<void> {
    let cancel = (): void => undefined;
    const over = new Promise<void>((resolve) => (cancel = this.timers.after(forMs, resolve)));
    await this.ending.or(over);
    cancel();
  }

  /** What lasts is said once. */
  private report(error: unknown): void {
    const message = String(error);
    if (message !== this.reported)
      this.trouble.report('webhook endpoints are not looked after for now', error);
    this.reported = message;
  }
}
