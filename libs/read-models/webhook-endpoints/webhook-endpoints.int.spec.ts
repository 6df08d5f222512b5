import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readModels } from '../read-models.fixture.js';
import {
  changedWebhookEndpoints,
  enabledWebhookEndpoints,
  webhookAdmission,
  webhookAudience,
  webhookDeliveries,
  webhookEndpoint,
  webhookEndpoints,
} from './webhook-endpoints.query.js';

const AT = '2026-01-01T00:00:00.000Z';
const LATER = '2026-01-01T00:01:00.000Z';
const DUE = '2026-01-01T00:02:00.000Z';

let world: ReturnType<typeof readModels>;
beforeEach(() => {
  world = readModels();
});
afterEach(() => world.close());

const happens = (endpoint: string, type: string, data: object) =>
  world.append(`webhook_endpoint-${endpoint}`, [{ type, data: { at: AT, by: 'op', ...data } }]);

const registered = (endpoint: string, more: object = {}) =>
  happens(endpoint, 'WebhookEndpointRegistered', {
    ...{ id: `whe_${endpoint}`, tenant: 'tnt_1', agent: null, url: 'https://x.example/' },
    ...{ description: null, secret: 's1', ...more },
  });

const attempt = (event: string, outcome: string, more: object = {}) => ({
  ...{ event, position: 1, attempt: 1, outcome, at: AT, durationMs: 5, evidence: null },
  ...{ status: outcome === 'delivered' ? 200 : 500, dueAt: outcome === 'failed' ? DUE : null },
  ...more,
});
const attempted = (endpoint: string, ...attempts: object[]) =>
  happens(endpoint, 'WebhookDeliveriesAttempted', { upTo: 1, attempts });

const whose = (agent: string | null = null) => ({ tenant: 'tnt_1', agent });
const one = async (id: string, agent: string | null = null) =>
  webhookEndpoint(await world.reader(), { ...whose(agent), id });
const log = async (id: string, limit = 10, cursor: string | null = null) =>
  webhookDeliveries(await world.reader(), { ...whose(), id, limit, cursor });

describe('webhook endpoints', () => {
  it('are listed the newest first, page by page, to whom they belong', async () => {
    await registered('a');
    await registered('b', { agent: 'agt_1', description: 'mine' });
    await registered('c', { tenant: 'tnt_2' });
    await registered('d', { agent: 'agt_2' });
    const db = await world.reader();
    const list = (agent: string | null, limit: number, cursor: string | null = null) =>
      webhookEndpoints(db, { ...whose(agent), limit, cursor });
    const first = list(null, 2);
    expect(first.data.map(({ id }) => id)).toEqual(['whe_d', 'whe_b']);
    const second = list(null, 2, first.next_cursor);
    expect(second).toMatchObject({ data: [{ id: 'whe_a' }], next_cursor: null });
    expect(list('agt_1', 5).data).toEqual([
      {
        ...{ object: 'webhook_endpoint', id: 'whe_b', url: 'https://x.example/' },
        ...{ description: 'mine', agent: 'agt_1', status: 'enabled', disabled_reason: null },
        ...{ failing_since: null, open_deliveries: 0, previous_secret_expires_at: null },
        created_at: AT,
      },
    ]);
    expect(() => list(null, 2, 'nonsense')).toThrow('invalid_cursor');
    expect(await one('whe_b', 'agt_2')).toBeNull();
    expect(await one('whe_c')).toBeNull();
  });

  it('show since when they fail, what waits, and why they are disabled', async () => {
    await registered('a');
    await attempted('a', attempt('evt_1', 'failed'), attempt('evt_2', 'failed', { at: LATER }));
    expect(await one('whe_a')).toMatchObject({ failing_since: AT, open_deliveries: 2 });
    await attempted('a', attempt('evt_1', 'delivered'));
    expect(await one('whe_a')).toMatchObject({ failing_since: null, open_deliveries: 1 });
    await attempted('a', attempt('evt_2', 'abandoned', { at: LATER }));
    expect(await one('whe_a')).toMatchObject({ failing_since: LATER, open_deliveries: 0 });
    await happens('a', 'WebhookEndpointDisabled', { reason: 'failing', by: null });
    expect(await one('whe_a')).toMatchObject({ status: 'disabled', disabled_reason: 'failing' });
    await happens('a', 'WebhookEndpointEnabled', {});
    expect(await one('whe_a')).toMatchObject({ status: 'enabled', failing_since: null });
    await happens('a', 'WebhookResendRequested', { event: 'evt_9', position: 3 });
    await happens('a', 'WebhookSecretRotated', { secret: 's2', previousUntil: LATER });
    expect(await one('whe_a')).toMatchObject({
      ...{ open_deliveries: 1, previous_secret_expires_at: LATER },
    });
  });

  it('have a log of what was tried, the newest first, with when it is tried again', async () => {
    await registered('a');
    await attempted('a', attempt('evt_1', 'failed'), attempt('evt_2', 'delivered'));
    await attempted('a', attempt('evt_3', 'failed', { status: null, evidence: 'timeout' }));
    const first = await log('whe_a', 2);
    expect(first?.data).toEqual([
      {
        ...{ object: 'webhook_delivery', event: 'evt_3', attempt: 1, at: AT, outcome: 'failed' },
        ...{ status: null, error: 'timeout', duration_ms: 5, next_attempt_at: DUE },
      },
      {
        ...{ object: 'webhook_delivery', event: 'evt_2', attempt: 1, at: AT, outcome: 'delivered' },
        ...{ status: 200, error: null, duration_ms: 5, next_attempt_at: null },
      },
    ]);
    const second = await log('whe_a', 2, first?.next_cursor ?? null);
    expect(second).toMatchObject({ data: [{ event: 'evt_1' }], next_cursor: null });
    const next = async () => (await log('whe_a'))?.data.map((each) => each['next_attempt_at']);
    await happens('a', 'WebhookEndpointDisabled', { reason: 'requested' });
    expect(await next()).toEqual([null, null, null]);
    await happens('a', 'WebhookEndpointEnabled', { at: LATER });
    expect(await next()).toEqual([LATER, null, LATER]);
    await attempted('a', attempt('evt_1', 'failed', { attempt: 2 }));
    await happens('a', 'WebhookEndpointRecovered', { at: AT });
    expect(await next()).toEqual([AT, AT, null, LATER]);
    expect(
      webhookDeliveries(await world.reader(), {
        ...whose('agt_9'),
        id: 'whe_a',
        limit: 1,
        cursor: null,
      }),
    ).toBeNull();
  });

  it('keep the last ten thousand tries', async () => {
    await registered('a');
    for (let batch = 0; batch < 11; batch += 1)
      await attempted('a', ...Array.from({ length: 1_000 }, () => attempt('evt_1', 'delivered')));
    expect((await log('whe_a', 20_000))?.data).toHaveLength(10_000);
  });

  it('that were deleted are seen by nobody, and are known to have been there', async () => {
    await registered('a');
    await attempted('a', attempt('evt_1', 'failed'));
    await happens('a', 'WebhookEndpointDeleted', {});
    const db = await world.reader();
    expect(await one('whe_a')).toBeNull();
    expect(await log('whe_a')).toBeNull();
    expect(webhookAudience(db, 'whe_a')).toBeUndefined();
    expect(webhookAdmission(db, { ...whose(), id: 'whe_a' })).toEqual({ known: true, count: 0 });
    expect(webhookAdmission(db, { ...whose(), id: 'whe_b' })).toEqual({ known: false, count: 0 });
    expect(db.all('SELECT * FROM webhook_open')).toEqual([]);
  });

  it('are told to those who send: which are enabled, and which changed', async () => {
    await registered('a');
    await registered('b', { agent: 'agt_1' });
    await registered('c');
    const before = (await world.reader()) && world.runtime.position();
    await happens('a', 'WebhookEndpointDisabled', { reason: 'requested' });
    await attempted('c', attempt('evt_1', 'delivered'));
    await happens('b', 'WebhookResendRequested', { event: 'evt_1', position: 1 });
    const db = await world.reader();
    expect(enabledWebhookEndpoints(db, { after: '', limit: 9 }).map(({ id }) => id)).toEqual([
      ...['whe_b', 'whe_c'],
    ]);
    expect(enabledWebhookEndpoints(db, { after: 'whe_b', limit: 9 })).toHaveLength(1);
    expect(changedWebhookEndpoints(db, before)).toEqual([
      { id: 'whe_a', tenant: 'tnt_1', agent: null, enabled: false },
      { id: 'whe_b', tenant: 'tnt_1', agent: 'agt_1', enabled: true },
    ]);
    expect(changedWebhookEndpoints(db, world.runtime.position())).toEqual([]);
    expect(webhookAdmission(db, { ...whose('agt_1'), id: 'x' }).count).toBe(1);
    expect(webhookAdmission(db, { ...whose(), id: 'x' }).count).toBe(2);
  });

  it('are the same after a rebuild', async () => {
    await registered('a');
    await attempted('a', attempt('evt_1', 'failed'), attempt('evt_2', 'delivered'));
    await happens('a', 'WebhookEndpointDisabled', { reason: 'failing', by: null });
    await world.reader();
    const [rebuilt] = await world.runtime.rebuild('webhook_endpoints');
    expect(rebuilt).toMatchObject({ rows: rebuilt?.before.rows, sha256: rebuilt?.before.sha256 });
  });
});
