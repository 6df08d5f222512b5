import { mkdir, mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApiClient } from '../support/agent.client.js';
import { startBursar } from '../support/bursar.process.js';
import { type Ended, bursar } from '../support/command-line.js';
import type { Credentials, Page, PaymentIntent } from '../support/contract.types.js';
import { freePorts } from '../support/free-ports.js';
import { purchase } from '../support/purchase.fixture.js';
import { useStage } from '../support/stage.fixture.js';

interface Rebuilt {
  projection: string;
  rows: number;
  sha256: string;
  position: number;
  before: { rows: number; sha256: string };
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

function rebuiltIn({ status, stdout, stderr }: Ended): Rebuilt[] {
  expect(status, stderr).toBe(0);
  return (JSON.parse(stdout) as { data: Rebuilt[] }).data;
}

describe('the command line', () => {
  const stage = useStage();
  /** Runs it on the data folder of the running server. */
  const here = (...args: string[]) => bursar([...args, '--data-dir', stage.bursar.dataDir]);
  const pay = async (changes: Parameters<typeof purchase>[0] = {}) => {
    const answer = await stage.agent.createPayment(purchase(changes));
    expect(answer.status, answer.bytes.toString()).toBe(201);
    return answer.body;
  };

  describe('asked for help', () => {
    it.each([
      [
        ['--help'],
        ['payments list', 'tenants create', 'projections rebuild', 'parked retry', 'demo'],
      ],
      [
        ['payments', '--help'],
        ['payments get', 'payments explain'],
      ],
      [
        ['payments', 'list', '--help'],
        ['--status <status>', '--cursor', '--data-dir', 'Example:'],
      ],
      [
        ['start', '-h'],
        ['BURSAR_PORT', '--data-dir'],
      ],
    ])('says with %j what there is', async (args, words) => {
      const { status, stdout, stderr } = await bursar(args);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      for (const word of ['Usage:', ...words]) expect(stdout).toContain(word);
    });

    it.each([
      [['payments', 'get'], 'needs its id'],
      [['payments', 'get', 'pi_x', 'pi_y'], 'pi_y'],
      [['payments', 'list', '--limt', '3'], '--limt'],
      [['payments', 'list', '--limit'], '--limit'],
      [['tenants', 'create', 'acme', '--status', 'failed'], '--status'],
      [['payments', 'burn'], 'payments burn'],
      [['dance'], 'dance'],
    ])('and not understanding %j, says so on stderr with status 2', async (args, words) => {
      const { status, stdout, stderr } = await bursar(args);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      expect(stderr).toContain(words);
      expect(stderr).toContain('--help');
    });
  });

  describe('about payments', () => {
    it('shows one, as JSON the very answer of the API', async () => {
      const payment = await pay({ amount: 4_200 });
      const shown = await here('payments', 'get', payment.id);
      expect(shown).toMatchObject({ status: 0, stderr: '' });
      for (const word of [
        payment.id,
        'succeeded',
        '42.00 USD',
        'acme-books',
        payment.order_reference,
      ])
        expect(shown.stdout).toContain(word);

      const json = await here('payments', 'get', payment.id, '--json');
      const api = await stage.auditor.payment(payment.id);
      expect(json.stdout.trimEnd()).toBe(api.bytes.toString());
    });

    it('lists them page by page, and by status and payee', async () => {
      const payee = { id: `list-${Date.now()}` };
      const paid = [await pay({ payee }), await pay({ payee })];
      await stage.agent.createPayment(purchase({ payee, payment_method: 'pm_sandbox_stolen' }));
      const list = async (...args: string[]) => {
        const { stdout, stderr } = await here(
          'payments',
          'list',
          '--payee',
          payee.id,
          '--json',
          ...args,
        );
        expect(stderr).toBe('');
        return JSON.parse(stdout) as Page<PaymentIntent>;
      };
      const succeeded = await list('--status', 'succeeded');
      expect(succeeded.data.map(({ id }) => id)).toEqual(paid.map(({ id }) => id).toReversed());

      const first = await list('--limit', '2');
      const second = await list('--limit', '2', '--cursor', String(first.next_cursor));
      expect([first.data.length, second.data.length]).toEqual([2, 1]);

      const table = await here('payments', 'list', '--payee', payee.id, '--limit', '2');
      expect(table.stdout).toContain('failed (payment_declined)');
      expect(table.stdout).toContain(`--cursor ${first.next_cursor}`);
    });

    it('tells every event and every rule', async () => {
      const { id } = await pay();
      const events = JSON.parse((await here('payments', 'events', id, '--json')).stdout);
      expect(events).toEqual((await stage.auditor.events(id)).body);
      const lines = (await here('payments', 'events', id)).stdout;
      for (const type of ['PaymentIntentRequested', 'AttemptStarted', 'PaymentSucceeded'])
        expect(lines).toContain(type);

      const explanation = JSON.parse((await here('payments', 'explain', id, '--json')).stdout);
      expect(explanation).toEqual((await stage.auditor.explanation(id)).body);
      const words = (await here('payments', 'explain', id)).stdout;
      expect(words).toContain('- The payment succeeded.');
      expect(words).toContain('per_payment');
    });

    it('fails with one line that says why, and as JSON with the whole problem', async () => {
      const unknown = `pi_${'a'.repeat(26)}`;
      const plain = await here('payments', 'get', unknown);
      expect(plain).toMatchObject({ status: 1, stdout: '' });
      expect(plain.stderr).toMatch(/^bursar: not_found: .+\n$/);
      const json = await here('payments', 'get', unknown, '--json');
      expect(json).toMatchObject({ status: 1, stdout: '' });
      expect(JSON.parse(json.stderr)).toMatchObject({ code: 'not_found', status: 404 });
    });

    it('fails when no server answers, and when there are no credentials', async () => {
      const url = `http://127.0.0.1:${await freePorts(1)}`;
      const silent = await here('payments', 'list', '--url', url);
      expect(silent).toMatchObject({ status: 1, stdout: '' });
      expect(silent.stderr).toContain(url);
      const nowhere = await bursar([
        'payments',
        'list',
        '--data-dir',
        join(tmpdir(), 'no-such-folder'),
      ]);
      expect(nowhere).toMatchObject({ status: 1, stdout: '' });
      expect(nowhere.stderr).toContain('--data-dir');
    });
  });

  describe('about what is parked', () => {
    it('says that nothing is, and that an unknown payment cannot be tried again', async () => {
      expect(await here('parked', 'list')).toEqual({
        status: 0,
        stdout: 'Nothing waits for a human.\n',
        stderr: '',
      });
      const retried = await here('parked', 'retry', `pi_${'a'.repeat(26)}`);
      expect(retried).toMatchObject({ status: 1, stdout: '' });
      expect(retried.stderr).toContain('not_found');
    });
  });

  describe('for the owner of the machine', () => {
    it('listens on a socket that nobody else can open, and on no other door', async () => {
      expect(await modeOf(join(stage.bursar.dataDir, 'owner.sock'))).toBe('600');
      const { operator } = stage;
      for (const path of ['/tenants', '/projections/rebuild', '/v1/tenants']) {
        expect((await operator.request('POST', path, { json: { name: 'acme' } })).status).toBe(404);
      }
    });

    it('creates a tenant whose agent can pay and whose payments the first tenant never sees', async () => {
      const created = await here('tenants', 'create', 'acme');
      expect(created).toMatchObject({ status: 0, stderr: '' });
      const path = join(stage.bursar.dataDir, 'tenants', 'acme.json');
      expect(created.stdout).toContain(path);
      expect(await modeOf(path)).toBe('600');

      const text = await readFile(path, 'utf8');
      const credentials = JSON.parse(text) as Credentials;
      expect(Object.keys(credentials)).toEqual(Object.keys(stage.bursar.credentials()));
      expect(created.stdout).not.toContain(credentials.agent.key);
      expect(credentials.base_url).toBe(stage.bursar.baseUrl);
      const agent = createApiClient(stage.bursar.baseUrl, credentials.agent.key);
      const paid = await agent.createPayment(purchase());
      agent.close();
      expect(paid.body).toMatchObject({ status: 'succeeded', mandate: credentials.agent.mandate });
      expect((await stage.operator.payment(paid.body.id)).status).toBe(404);
      const seen = await here('payments', 'get', paid.body.id, '--tenant', 'acme', '--json');
      expect(JSON.parse(seen.stdout)).toMatchObject({ id: paid.body.id });

      const again = await here('tenants', 'create', 'acme', '--json');
      expect(JSON.parse(again.stdout)).toEqual({ path, credentials });
      expect(await readFile(path, 'utf8')).toBe(text);
    });

    it('refuses a name that would be no plain file name', async () => {
      const before = await readdir(stage.bursar.dataDir);
      for (const name of ['../acme', 'a/b', 'Acme', '', 'a'.repeat(65)]) {
        const refused = await here('tenants', 'create', name);
        expect(refused).toMatchObject({ status: 1, stdout: '' });
        expect(refused.stderr).toContain('validation_failed');
      }
      expect(await readdir(stage.bursar.dataDir)).toEqual(before);
    });

    it('rebuilds every projection while payments are made and answered, and ends with the rows it began with', async () => {
      const rebuilding = here('projections', 'rebuild', '--json');
      let done = false;
      const whileRebuilding = (async () => {
        while (!done) {
          const { id } = await pay();
          expect((await stage.agent.payment(id)).status).toBe(200);
          expect((await stage.operator.payments({ limit: 1 })).body.data[0]?.id).toBe(id);
        }
      })();
      const ended = await rebuilding.finally(() => {
        done = true;
      });
      await whileRebuilding;
      const rebuilt = rebuiltIn(ended);
      expect(ended.stderr).toBe('');
      expect(rebuilt.map(({ projection }) => projection)).toEqual(
        expect.arrayContaining(['access', 'ledger', 'operations', 'payment_status']),
      );
      for (const { rows, sha256, before } of rebuilt) {
        expect(before).toEqual({ rows, sha256 });
        expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      }
      expect(rebuilt.find(({ projection }) => projection === 'ledger')?.rows).toBeGreaterThan(0);
    });

    it('rebuilds one by name, in plain lines where nobody watches', async () => {
      const { status, stdout, stderr } = await here('projections', 'rebuild', 'ledger');
      expect(status, stderr).toBe(0);
      expect(stdout).toMatch(
        /^PROJECTION +ROWS +SHA-256 +BEFORE\nledger +\d+ +[0-9a-f]{64} +the same rows\n/,
      );
      expect(stdout).toContain('position');
      expect(stderr).toMatch(/^(?:\d+ %, position \d+ of \d+\n)*100 %, position \d+ of \d+\n$/);

      const unknown = await here('projections', 'rebuild', 'nonsense');
      expect(unknown).toMatchObject({ status: 1, stdout: '' });
      expect(unknown.stderr).toContain('not_found');
      expect(unknown.stderr).toContain('ledger');
    });
  });
});

describe('the command line beside a server that does not run', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bursar-cli-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('finds no log to rebuild from where there is none, and leaves no folder behind', async () => {
    const missing = join(folder, 'missing');
    const rebuilt = await bursar(['projections', 'rebuild', '--data-dir', missing]);
    expect(rebuilt).toMatchObject({ status: 1, stdout: '' });
    expect(rebuilt.stderr).toContain(missing);
    expect(await readdir(folder)).toEqual([]);
  });

  it('does the owner’s work itself, on the folder of a server that was killed, and the next one replaces its socket', async () => {
    const dataDir = join(folder, 'killed');
    const server = await startBursar({ dataDir });
    try {
      const client = createApiClient(server.baseUrl, server.credentials().agent.key);
      const paid = await client.createPayment(purchase());
      expect(paid.body.status).toBe('succeeded');
      client.close();
      await server.kill9();
      expect(await readdir(dataDir)).toContain('owner.sock');

      const env = { BURSAR_PORT: String(server.port) };
      const created = await bursar(['tenants', 'create', 'beta', '--data-dir', dataDir], env);
      expect(created, created.stderr).toMatchObject({ status: 0 });
      const offline = rebuiltIn(
        await bursar(['projections', 'rebuild', '--json', '--data-dir', dataDir]),
      );
      for (const { rows, sha256, before } of offline) expect(before).toEqual({ rows, sha256 });

      await server.start();
      const path = join(dataDir, 'tenants', 'beta.json');
      const { agent, base_url } = JSON.parse(await readFile(path, 'utf8')) as Credentials;
      const beta = createApiClient(base_url, agent.key);
      expect((await beta.createPayment(purchase())).status).toBe(201);
      beta.close();
      const online = await bursar(['projections', 'rebuild', 'ledger', '--data-dir', dataDir]);
      expect(online, online.stderr).toMatchObject({ status: 0 });
    } finally {
      await server.dispose();
    }
  });

  it('reaches a server whose folder has a longer name than a socket may have', async () => {
    const dataDir = join(folder, 'd'.repeat(120));
    await mkdir(dataDir);
    const server = await startBursar({ dataDir });
    try {
      const created = await bursar(['tenants', 'create', 'gamma', '--data-dir', dataDir]);
      expect(created, created.stderr).toMatchObject({ status: 0 });
      expect(await readdir(dataDir)).not.toContain('owner.sock');
      expect(await readdir(join(dataDir, 'tenants'))).toEqual(['gamma.json']);
    } finally {
      await server.dispose();
    }
  });
});
