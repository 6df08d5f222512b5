import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ApiClient, createApiClient } from '../support/agent.client.js';
import { type RunningBursar, startBursar } from '../support/bursar.process.js';
import { bursar as commandLine } from '../support/command-line.js';
import type { Credentials, Page, PaymentIntent, Refund } from '../support/contract.types.js';
import type { DeployedNats } from '../support/deployed-nats.js';
import { eventually } from '../support/eventually.js';
import type { NatsAgent } from '../support/nats.agent.js';
import { startNatsServer } from '../support/nats.server.js';
import { tail } from '../support/node.process.js';
import { expectProblem } from '../support/problem.matcher.js';
import { paymentIdOf, purchase } from '../support/purchase.fixture.js';
import { createSandboxControl, type SandboxControl } from '../support/sandbox.control.js';
import { WIDE } from '../support/stage.fixture.js';

const CREATE = 'payment_intents.create';

let nats: DeployedNats;
let server: RunningBursar;
let sandbox: SandboxControl;
let credentials: Credentials;
let http: ApiClient;
let operator: ApiClient;
let agent: NatsAgent;
let other: NatsAgent;
let otherId: string;

beforeAll(async () => {
  server = await startBursar({ withNats: true });
  if (!server.nats) throw new Error('it was asked for with NATS');
  nats = server.nats;
  sandbox = createSandboxControl(server.sandboxUrl);
  credentials = server.credentials();
  http = createApiClient(server.baseUrl, credentials.agent.key);
  operator = createApiClient(server.baseUrl, credentials.operator.key);
  otherId = (await operator.createAgent('another')).body.id;
  await operator.createMandate({ agent: otherId, limits: WIDE, velocity: { default: false } });
  await nats.letIn(server.dataDir, credentials.agent.id, otherId);
  agent = await connected(credentials.agent.id);
  other = await connected(otherId);
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail')
    console.error(
      `--- the servers' output ---\n${tail(server.output())}\n${tail(nats.server.output())}`,
    );
  await sandbox.heal();
});
afterAll(async () => {
  await agent?.close();
  await other?.close();
  for (const client of [http, operator, sandbox]) client?.close();
  await server?.dispose();
});

async function connected(id: string): Promise<NatsAgent> {
  const path = join(server.dataDir, 'nats', `${id}.nk`);
  expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600');
  // The server takes the new entries over in its own time.
  return eventually(
    () => nats.connect(server.dataDir, credentials, id),
    () => true,
  );
}

describe('an agent over NATS', () => {
  it('pays, and gets the same bytes for the same key ever after', async () => {
    const [bought, idempotencyKey] = [purchase(), 'nats-1'];
    const first = await agent.ask<PaymentIntent>(CREATE, bought, { idempotencyKey });
    expect(
      [first.status, first.body.status, first.body.money_state],
      first.bytes.toString(),
    ).toEqual([201, 'succeeded', 'moved']);
    expect(first.headers['content-type']).toBe('application/json');
    expect(first.body.id).toBe(paymentIdOf(credentials, credentials.agent.id, idempotencyKey));
    const again = await agent.ask(CREATE, bought, { idempotencyKey });
    expect(again.status).toBe(201);
    expect(again.bytes).toEqual(first.bytes);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(await sandbox.chargesOf(first.body.id)).toHaveLength(1);
  });

  it('makes one payment with one key by both doors, with equal bytes', async () => {
    const [bought, idempotencyKey] = [purchase(), 'both-doors'];
    const answers = await Promise.all([
      agent.ask<PaymentIntent>(CREATE, bought, { idempotencyKey }),
      http.createPayment(bought, { idempotencyKey }),
      agent.ask<PaymentIntent>(CREATE, bought, { idempotencyKey }),
      http.createPayment(bought, { idempotencyKey }),
    ]);
    const [first] = answers;
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ bytes }) => bytes.toString())).size).toBe(1);
    expect(await sandbox.chargesOf(first.body.id)).toHaveLength(1);

    const changed = await agent.ask(CREATE, { ...bought, amount: 1 }, { idempotencyKey });
    expectProblem(changed, { code: 'idempotency_key_reused' });
    const read = await agent.ask<PaymentIntent>('payment_intents.get', { id: first.body.id });
    expect(read.bytes).toEqual((await http.payment(first.body.id)).bytes);
  });

  it('captures, refunds and cancels, each once by either door', async () => {
    const held = await agent.ask<PaymentIntent>(CREATE, purchase({ capture_method: 'manual' }));
    const { id } = held.body;
    const captured = await agent.ask<PaymentIntent>(
      'payment_intents.capture',
      { id, amount: 700 },
      { idempotencyKey: 'capture' },
    );
    expect([captured.status, captured.body.amount_captured]).toEqual([200, 700]);
    const same = await http.capture(id, { amount: 700 }, { idempotencyKey: 'capture' });
    expect(same.bytes).toEqual(captured.bytes);

    const refund = { id, amount: 200, reason: 'broken' };
    const refunded = await agent.ask<Refund>('payment_intents.refund', refund);
    expect([refunded.status, refunded.body.amount]).toEqual([201, 200]);

    const another = await agent.ask<PaymentIntent>(CREATE, purchase({ capture_method: 'manual' }));
    const canceled = await agent.ask<PaymentIntent>('payment_intents.cancel', {
      id: another.body.id,
    });
    expect([canceled.status, canceled.body.status]).toEqual([200, 'canceled']);
  });

  it('is told where to look when it does not want to wait', async () => {
    const accepted = await agent.ask<PaymentIntent>(CREATE, purchase(), {
      prefer: 'respond-async',
    });
    expect([accepted.status, accepted.body.status]).toEqual([202, 'processing']);
    expect(accepted.headers['location']).toBe(`/v1/payment_intents/${accepted.body.id}`);
    const { id } = accepted.body;
    await eventually(
      async () => (await agent.ask<PaymentIntent>('payment_intents.get', { id })).body.status,
      (status) => status === 'succeeded',
    );
  });

  it('reads what is its own: lists, operations, authority, explanations', async () => {
    const idempotencyKey = 'to be looked up';
    const made = await agent.ask<PaymentIntent>(CREATE, purchase(), { idempotencyKey });
    const { id } = made.body;
    const same = async (operation: string, json: object, path: string) => {
      const [overNats, overHttp] = [
        await agent.ask(operation, json),
        await http.request('GET', path),
      ];
      expect(overNats.status, overNats.bytes.toString()).toBe(200);
      expect(overNats.bytes.toString()).toBe(overHttp.bytes.toString());
    };
    await same('payment_intents.list', { limit: 1 }, '/v1/payment_intents?limit=1');
    await same(
      'payment_intents.operations',
      { idempotency_key: idempotencyKey },
      '/v1/operations?idempotency_key=to%20be%20looked%20up',
    );
    await same('authority.get', {}, '/v1/authority');
    await same('payment_intents.explanation', { id }, `/v1/payment_intents/${id}/explanation`);

    const unseen = await other.ask('payment_intents.get', { id });
    expectProblem(unseen, { code: 'not_found' });
    const list = await other.ask<Page<PaymentIntent>>('payment_intents.list', {});
    expect(list.body.data).toEqual([]);
  });

  it('cannot speak for another agent', async () => {
    await expect(agent.askAs(otherId, CREATE, purchase())).rejects.toThrow(/permissions/i);
    await expect(agent.askAs('agt_nobody', CREATE, purchase())).rejects.toThrow(/permissions/i);
  });

  it('is refused as over HTTP: without a key, with nonsense, when it is suspended', async () => {
    const keyless = await agent.ask(CREATE, purchase(), { idempotencyKey: null });
    expectProblem(keyless, { code: 'idempotency_key_required', money_state: 'none' });
    const nonsense = await agent.ask(CREATE, { amount: 'much' });
    expectProblem(nonsense, { code: 'validation_failed', money_state: 'none' });

    await operator.suspend(otherId);
    const suspended = await other.ask(CREATE, purchase());
    expectProblem(suspended, { code: 'agent_suspended', money_state: 'none' });
    await operator.resume(otherId);
    expect((await other.ask(CREATE, purchase())).status).toBe(201);
  });

  it('may be many at once', async () => {
    const pay = async () => {
      const bought = purchase({ amount: 1 });
      // A machine that has enough to do says so, and charges nothing: the purchase is asked for anew.
      return eventually(
        () => other.ask<PaymentIntent>(CREATE, bought),
        ({ status }) => status === 201,
        { withinMs: 90_000, everyMs: 1_000 },
      );
    };
    const answers = await Promise.all(Array.from({ length: 200 }, pay));
    expect(new Set(answers.map(({ body }) => body.status))).toEqual(new Set(['succeeded']));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(200);
  });

  it('is let in again when the NATS server was away', async () => {
    await nats.server.kill9();
    await nats.server.start();
    const [bought, idempotencyKey] = [purchase(), 'across the restart'];
    // Neither side knows when the other one is back; the same key is safe.
    const paid = await eventually(
      () => agent.ask<PaymentIntent>(CREATE, bought, { idempotencyKey, timeoutMs: 2_000 }),
      ({ status }) => status === 201,
    );
    expect(await sandbox.chargesOf(paid.body.id)).toHaveLength(1);
  });

  it('gets an answer to what arrived before the server was told to end', async () => {
    for (const processor of ['sandbox_a', 'sandbox_b'] as const)
      await sandbox.fault(processor, { mode: 'slow', latency_ms: 8_000 });
    const idempotencyKey = 'at the end';
    const asked = agent.ask<PaymentIntent>(CREATE, purchase(), { idempotencyKey });
    const id = paymentIdOf(credentials, credentials.agent.id, idempotencyKey);
    await eventually(
      () => http.payment(id),
      ({ status }) => status === 200,
    );
    const [answer, exit] = await Promise.all([asked, server.stop()]);
    expect(answer.status).toBe(202);
    expect(answer.body.id).toBe(id);
    expect(exit.code).toBe(0);
    await server.start();
  });
});

describe('keys for NATS', () => {
  it('that are there are kept, and told again', async () => {
    const folder = join(server.dataDir, 'kept');
    const told = async (...command: string[]) => (await commandLine(command)).stdout;
    const first = await told('nats', 'keys', folder);
    expect(first.split('\n')).toHaveLength(8);
    expect(await told('nats', 'keys', folder)).toBe(first);
    const entryOf = (...id: string[]) => told('nats', 'agent', ...id, '--data-dir', server.dataDir);
    expect(await entryOf(otherId)).toBe(await entryOf(otherId));
    expect(await entryOf()).toContain(`.${credentials.agent.id}.>`);
  });

  it.each(['pi_1', 'agt_a.>', 'agt_*', '../agt_a'])('are not made for %j', async (id) => {
    const refused = await commandLine(['nats', 'agent', id, '--data-dir', server.dataDir]);
    expect([refused.status, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toBe(`bursar: ${id} is not the id of an agent.\n`);
  });
});

describe('a server that is to let agents in over NATS', () => {
  const start = (env: Record<string, string>) =>
    commandLine(['start', '--data-dir', join(server.dataDir, 'unused')], {
      BURSAR_PORT: '0',
      BURSAR_SANDBOX_URL: server.sandboxUrl,
      ...env,
    });

  it('does not start where it is not let in, and says so in one line', async () => {
    const refused = await start({ BURSAR_NATS_URL: nats.server.url });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/^bursar: Bursar cannot start: no NATS server lets gateway in/m);
  });

  it('does not start where everybody is let in', async () => {
    const open = await startNatsServer();
    try {
      const refused = await start({ BURSAR_NATS_URL: open.url });
      expect(refused.status).toBe(1);
      expect(refused.stderr).toContain('anybody could pay as any agent');
    } finally {
      await open.dispose();
    }
  });
});
