import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Call } from '#contracts';
import { commands } from './commands.fixture.js';
import { WebhookEndpointsController } from './webhook-endpoints.controller.js';

const OPERATOR = { tenant: 'tnt_1', role: 'operator', id: 'op', key: 'op' } as const;

let world: Awaited<ReturnType<typeof commands>>;
let endpoints: WebhookEndpointsController;
beforeEach(async () => {
  world = await commands();
  endpoints = world.module.get(WebhookEndpointsController);
});
afterEach(() => world.module.close());

const call = (idempotencyKey: string, path = '/v1/webhook_endpoints'): Call => ({
  ...{ principal: OPERATOR, path, idempotencyKey, request: {}, traceId: '0'.repeat(32) },
});
const register = (key: string, more: object = {}) =>
  endpoints.register({
    ...{ ...call(key), agent: null, url: 'https://x.example/', description: null },
    ...more,
  });
const parsed = ({ body }: { body: string }) => JSON.parse(body) as Record<string, string>;

async function recorded(id: string): Promise<string> {
  const stream = `webhook_endpoint-${id.slice('whe_'.length)}`;
  return JSON.stringify(await world.store.readStream(stream, { from: 0, limit: 500 }));
}

describe('a webhook endpoint on the bus', () => {
  it('is registered with a secret that the log never sees; the same key shows the same bytes again', async () => {
    const first = await register('k1');
    expect(first.status).toBe(201);
    const { id = '', secret = '' } = parsed(first);
    expect(id).toMatch(/^whe_[a-z2-7]{26}$/);
    expect(secret).toMatch(/^whsec_/);
    const again = await register('k1');
    expect(again.body).toBe(first.body);
    expect(again.headers).toMatchObject({ 'idempotent-replayed': 'true' });
    expect(await recorded(id)).not.toContain(secret.slice('whsec_'.length));
    expect(parsed(await register('k2'))['secret']).not.toBe(secret);
  });

  it('says where to and signs while it is enabled, and not for one that is not there', async () => {
    const { id = '' } = parsed(await register('k1'));
    const message = { id, event: 'evt_1', timestamp: 1, body: '{}' };
    expect(await endpoints.sign(message)).toMatchObject({
      ...{ url: 'https://x.example/', signature: expect.stringMatching(/^v1,\S+$/) as string },
    });
    const path = `/v1/webhook_endpoints/${id}/rotate_secret`;
    const rotate = { ...call('k2', path), id, agent: null };
    await endpoints.operate({ ...rotate, operation: { kind: 'rotate_secret' } });
    expect((await endpoints.sign(message))?.signature).toMatch(/^v1,\S+ v1,\S+$/);
    const disable = { ...call('k3', `/v1/webhook_endpoints/${id}/disable`), id, agent: null };
    const disabled = await endpoints.operate({ ...disable, operation: { kind: 'disable' } });
    expect([disabled.status, parsed(disabled)]).toEqual([
      ...[200, { object: 'webhook_endpoint', id, status: 'disabled' }],
    ]);
    expect(await endpoints.sign(message)).toBeNull();
    expect(await endpoints.sign({ ...message, id: `whe_${'a'.repeat(26)}` })).toBeNull();
  });

  it('of an agent is nobody else’s', async () => {
    const { id = '' } = parsed(await register('k1', { agent: 'agt_1' }));
    const operation = { kind: 'disable' } as const;
    const path = `/v1/webhook_endpoints/${id}/disable`;
    const others = await endpoints.operate({ ...call('k2', path), id, agent: 'agt_2', operation });
    expect([others.status, parsed(others)['code']]).toEqual([404, 'not_found']);
    const own = await endpoints.operate({ ...call('k3', path), id, agent: 'agt_1', operation });
    expect(own.status).toBe(200);
  });

  it('says what is to be done after it recorded what came of tries, at most 32 of it', async () => {
    const { id = '' } = parsed(await register('k1'));
    const cause = { causationId: id, correlationId: id, tenant: 'tnt_1', traceparent: null };
    const record = (commandId: string, numbers: number[], upTo: number | null) =>
      endpoints.record({
        ...{ ...cause, commandId, id, upTo },
        tries: numbers.map((position) => ({
          ...{ event: `evt_${position}`, position, again: false, atMs: world.clock.now() },
          ...{ status: 500, evidence: null, durationMs: 1 },
        })),
      });
    const none = await record('c1', [], null);
    expect(none).toEqual({ status: 'enabled', upTo: null, takesNew: true, due: [] });
    const forty = Array.from({ length: 40 }, (_, index) => index + 1);
    const duties = await record('c2', forty, 40);
    expect(duties).toMatchObject({ upTo: 40, takesNew: false });
    expect(duties?.due).toHaveLength(32);
    // What failed at once does not come again at once.
    expect(new Set(duties?.due.map(({ dueAt }) => dueAt)).size).toBeGreaterThan(20);
    expect(
      await endpoints.record({ ...cause, commandId: 'c3', id: 'whe_x', upTo: null, tries: [] }),
    ).toBeNull();
  });
});
