import { beforeEach, describe, expect, it } from 'vitest';
import type { Messages } from '#contracts';
import type { JsonRecord } from '#domain';
import { AgentsController } from './agents.controller.js';
import { Authority } from './authority.js';
import { commands } from './commands.fixture.js';
import { MandatesController } from './mandates.controller.js';

let here: Awaited<ReturnType<typeof commands>>;
let agent: string;
let top: string;
let low: string;

beforeEach(async () => {
  here = await commands({ authority: 'real' });
  const agents = here.module.get(AgentsController);
  agent = idIn(await agents.register({ ...call('a', '/v1/agents', {}), name: 'one' }));
  top = await grant('top', { limits: { lifetime: { USD: 500 } } });
  low = await grant('low', { parent: top, limits: { lifetime: { USD: 100 } } });
});

function call(idempotencyKey: string, path: string, request: JsonRecord) {
  const principal = { tenant: 'tnt_1', role: 'operator' as const, id: 'op', key: 'op' };
  return { principal, path, idempotencyKey, request, traceId: '0'.repeat(32) };
}

function idIn({ body }: { body: string }): string {
  return (JSON.parse(body) as { id: string }).id;
}

async function grant(
  key: string,
  more: Omit<Messages['commands.mandate.grant']['request']['terms'], 'agent'>,
): Promise<string> {
  const terms = { agent, ...more };
  const request = terms as unknown as JsonRecord;
  const mandates = here.module.get(MandatesController);
  return idIn(await mandates.grant({ ...call(key, '/v1/mandates', request), terms }));
}

function suspend() {
  const path = `/v1/agents/${agent}/suspend`;
  return here.module.get(AgentsController).suspend({ ...call('suspend', path, {}), agent });
}

function resume() {
  const path = `/v1/agents/${agent}/resume`;
  return here.module.get(AgentsController).resume({ ...call('resume', path, {}), agent });
}

function revoke(mandate: string) {
  const asked = { ...call(`revoke ${mandate}`, `/v1/mandates/${mandate}/revoke`, {}), mandate };
  return here.module.get(MandatesController).revoke(asked);
}

function now(mandate: string | null, more: { tenant?: string; agent?: string } = {}, at = here) {
  const cause = { commandId: 'c', causationId: 'c', correlationId: 'c', traceparent: null };
  const payer = { tenant: 'tnt_1', agent, mandate, ...more };
  return at.module.get(Authority).now(payer, { ...cause, tenant: payer.tenant });
}

describe('an agent', () => {
  it('may pay until it is suspended, and again when it is resumed', async () => {
    expect(await now(low)).toBe('active');
    await suspend();
    expect(await now(low)).toBe('agent_suspended');
    await resume();
    expect(await now(low)).toBe('active');
  });

  it('may not under a mandate that is revoked, nor under one below it', async () => {
    await revoke(top);
    expect([await now(low), await now(top)]).toEqual(['mandate_revoked', 'mandate_revoked']);
  });

  it('may still under the mandate above one that is revoked', async () => {
    await revoke(low);
    expect([await now(low), await now(top)]).toEqual(['mandate_revoked', 'active']);
  });

  it('that nobody knows, or that is another tenant’s, may not', async () => {
    expect(await now(null, { agent: 'agt_nobody' })).toBe('agent_suspended');
    expect(await now(null, { tenant: 'tnt_2' })).toBe('agent_suspended');
  });
});

it('what another process wrote is seen by one that looked before', async () => {
  const there = await commands({ authority: 'real', store: here.store });
  expect(await now(low, {}, there)).toBe('active');
  await suspend();
  expect(await now(low, {}, there)).toBe('agent_suspended');
  await resume();
  await revoke(top);
  expect(await now(low, {}, there)).toBe('mandate_revoked');
});

it('a look leaves no trace in the log', async () => {
  const written = here.store.log.events.length;
  await now(low);
  expect(here.store.log.events).toHaveLength(written);
});
