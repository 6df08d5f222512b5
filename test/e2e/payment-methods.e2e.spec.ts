import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createApiClient } from '../support/agent.client.js';
import { FORM, startBursar, startSandbox } from '../support/bursar.process.js';
import { CardScan } from '../support/card-scan.js';
import { type Card, canaryOf, cardNumbered } from '../support/card.fixture.js';
import { certificateAuthority } from '../support/certificates.js';
import { startCluster } from '../support/cluster.process.js';
import { bursar as commandLine } from '../support/command-line.js';
import { eventually } from '../support/eventually.js';
import { scanFolder } from '../support/folder-scan.js';
import { freePorts } from '../support/free-ports.js';
import { inParallel } from '../support/load.js';
import { purchase } from '../support/purchase.fixture.js';
import { useStage } from '../support/stage.fixture.js';

type Client = ReturnType<typeof createApiClient>;

/** How many cards are brought before everything is searched; 10000 make a long run. */
const SCANNED = Number(process.env['CARD_SCAN_COUNT'] ?? 300);

const VISA: Card = { number: '4242424242424242', exp_month: 7, exp_year: 2041, cvc: '9713' };
const withNumber = (number: string): Card => ({ ...VISA, number });

const bring = (client: Client, card: object, options?: Parameters<Client['tokenize']>[1]) =>
  client.tokenize({ card }, options);

async function tokenOf(client: Client, card: object): Promise<string> {
  const answer = await bring(client, card);
  expect(answer.status, answer.bytes.toString()).toBe(201);
  return answer.body.id;
}

// The distributed form takes cards only where a way to the vault is set up; it has its own tests below.
describe.skipIf(FORM === 'cluster')('a payment method', () => {
  const stage = useStage();
  const payWith = (client: Client, payment_method: string) =>
    client.createPayment(purchase({ payment_method }));
  const vaultStatus = async () => {
    const { dataDir } = stage.bursar;
    const { stdout } = await commandLine(['vault', 'status', '--json', '--data-dir', dataDir]);
    return JSON.parse(stdout) as { cards: number; keyEncryptionKey: number; keyPath: string };
  };

  it('stands for a card: it pays, and shows brand, last four digits and expiry only', async () => {
    const { client } = await stage.newAgent();
    const answer = await bring(client, VISA);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      object: 'payment_method',
      id: expect.stringMatching(/^pm_[a-z2-7]{26}$/) as string,
      status: 'active',
      card: { brand: 'visa', last4: '4242', exp_month: 7, exp_year: 2041 },
    });
    const paid = await payWith(client, answer.body.id);
    expect([paid.status, paid.body.status, paid.body.processor]).toEqual([
      201,
      'succeeded',
      'sandbox_a',
    ]);
    expect(await stage.sandbox.chargesOf(paid.body.id)).toHaveLength(1);
  });

  it('is the same bytes for the same card and key, and refused for another card', async () => {
    const { client } = await stage.newAgent();
    const options = { idempotencyKey: 'card-1' };
    const first = await bring(client, VISA, options);
    const again = await bring(client, VISA, options);
    expect(again.bytes.equals(first.bytes)).toBe(true);
    expect(again.headers['idempotent-replayed']).toBe('true');
    const other = await bring(client, withNumber('5555555555554444'), options);
    expect([other.status, other.bytes.toString()]).toEqual([
      422,
      expect.stringContaining('"pointer":"/card"') as string,
    ]);
    const crowd = await Promise.all(
      Array.from({ length: 10 }, () => bring(client, VISA, { idempotencyKey: 'card-2' })),
    );
    expect(new Set(crowd.map(({ bytes }) => bytes.toString())).size).toBe(1);
    const { data } = (await client.operations('card-1')).body;
    expect(data).toMatchObject([{ path: '/v1/payment_methods', status: 201 }]);
  });

  it('is taken to another processor when the first one is away, and only then', async () => {
    const { client } = await stage.newAgent();
    await stage.sandbox.fault('sandbox_a', { mode: 'refuse' });
    const token = await tokenOf(client, VISA);
    const paid = await payWith(client, token);
    expect([paid.status, paid.body.processor]).toEqual([201, 'sandbox_b']);
    await stage.heal();
    const healed = await payWith(client, token);
    expect([healed.status, healed.body.processor]).toEqual([201, 'sandbox_a']);
  });

  it.each([
    ['4000000000009995', 'failed', 'insufficient_funds'],
    ['4000000000009979', 'failed', 'stolen_card'],
    ['4000000000000002', 'failed', 'card_declined'],
    ['4000000000000341', 'succeeded', undefined],
  ])('of the published number %s ends %s', async (number, status, decline) => {
    const { client } = await stage.newAgent();
    const paid = await payWith(client, await tokenOf(client, withNumber(number)));
    expect([paid.status, paid.body.status, paid.body.failure?.decline?.code]).toEqual([
      201,
      status,
      decline,
    ]);
  });

  it('is its own agent’s; an operator’s is for all', async () => {
    const [owner, other] = [await stage.newAgent(), await stage.newAgent()];
    const own = await tokenOf(owner.client, VISA);
    expect((await payWith(other.client, own)).status).toBe(404);
    expect((await other.client.paymentMethod(own)).status).toBe(404);
    const shared = await tokenOf(stage.operator, cardNumbered(900_001));
    expect((await payWith(other.client, shared)).status).toBe(201);
    const seen = (await other.client.paymentMethods({ limit: 100 })).body.data.map(({ id }) => id);
    expect(seen).toContain(shared);
    expect(seen).not.toContain(own);
    expect((await stage.auditor.paymentMethod(own)).status).toBe(403);
  });

  it('is unusable from the moment it is erased, and its card is destroyed; what was paid stays', async () => {
    const { client } = await stage.newAgent();
    const token = await tokenOf(client, cardNumbered(900_002));
    const paid = await payWith(client, token);
    const { cards } = await vaultStatus();
    const erased = await client.erasePaymentMethod(token);
    expect([erased.status, erased.body]).toMatchObject([200, { status: 'erased', card: null }]);
    expect((await payWith(client, token)).status).toBe(404);
    await eventually(vaultStatus, (now) => now.cards === cards - 1, { what: 'one card less' });
    expect((await client.paymentMethod(token)).body).toMatchObject({ status: 'erased' });
    expect((await client.payment(paid.body.id)).body.payment_method).toBe(token);
    expect(await stage.eventTypes(paid.body.id)).toContain('PaymentSucceeded');
  });

  it('is refused to an agent that brings one card after the other, and not to others', async () => {
    const [tester, honest] = [await stage.newAgent(), await stage.newAgent()];
    const statuses: number[] = [];
    for (let count = 0; count < 12; count += 1)
      statuses.push((await bring(tester.client, cardNumbered(910_000 + count))).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 201), 403, 403]);
    const options = { idempotencyKey: 'blocked' };
    const blocked = await bring(tester.client, cardNumbered(920_000), options);
    expect(blocked.bytes.toString()).toContain('fraud_blocked');
    const again = await bring(tester.client, cardNumbered(920_000), options);
    expect(again.bytes.equals(blocked.bytes)).toBe(true);
    expect((await bring(honest.client, VISA)).status).toBe(201);
  });

  it('survives a restart of the server, without its CVC', async () => {
    const { id, key } = await stage.newAgent();
    const token = await tokenOf(stage.clientOf(key), VISA);
    await stage.bursar.restart();
    const paid = await payWith(stage.clientOf(key), token);
    expect([paid.status, paid.body.status, paid.body.agent]).toEqual([201, 'succeeded', id]);
  });

  it('goes on while the keys of the vault are replaced', async () => {
    const { dataDir } = stage.bursar;
    const { keyEncryptionKey, keyPath } = await vaultStatus();
    const before = await readFile(keyPath, 'utf8');
    const statuses: number[] = [];
    let done = false;
    const load = async (from: number) => {
      for (let count = 0; !done; count += 1) {
        const token = await bring(stage.operator, cardNumbered(from + count));
        statuses.push(token.status, (await payWith(stage.agent, token.body.id)).status);
      }
    };
    const loads = [load(930_000), load(940_000)];
    const first = statuses.length;
    await eventually(
      () => statuses.length,
      (count) => count > first + 4,
      { what: 'load' },
    );
    const rotated = await commandLine(['vault', 'rotate', '--data-dir', dataDir]);
    const renewed = await commandLine(['vault', 'rotate', '--data-keys', '--data-dir', dataDir]);
    const then = statuses.length;
    await eventually(
      () => statuses.length,
      (count) => count > then + 4,
      { what: 'load' },
    );
    done = true;
    await Promise.all(loads);
    expect([rotated.status, rotated.stderr.includes('Back it up')]).toEqual([0, true]);
    expect([renewed.status, renewed.stdout]).toEqual([
      0,
      expect.stringContaining('older keys destroyed') as string,
    ]);
    expect(new Set(statuses)).toEqual(new Set([201]));
    expect((await vaultStatus()).keyEncryptionKey).toBe(keyEncryptionKey + 1);
    const after = await readFile(keyPath, 'utf8');
    await writeFile(keyPath, before);
    expect((await commandLine(['vault', 'status', '--data-dir', dataDir])).status).toBe(1);
    await writeFile(keyPath, after);
  });
});

describe.skipIf(FORM === 'cluster')('card data', () => {
  const stage = useStage();

  it(`of ${SCANNED} cards is nowhere but in ciphertexts: not in files, output, metrics or answers`, async () => {
    const cards = Array.from({ length: SCANNED }, (_, count) => cardNumbered(count));
    const scan = new CardScan(cards.map(canaryOf));
    const answered: string[] = [];
    const note = ({ bytes }: { bytes: Buffer }) => answered.push(bytes.toString());
    const { client } = await stage.newAgent();
    const modes = ['none', 'refuse', 'error_500_after', 'timeout_before', 'none'] as const;
    let worked = 0;
    for (const [batch, mode] of modes.entries()) {
      await stage.sandbox.fault('sandbox_a', { mode, rate: mode === 'none' ? 1 : 0.5 });
      const own = cards.filter((_, count) => count % modes.length === batch);
      await inParallel(own, 8, async (card, index) => {
        const made = await bring(stage.operator, card);
        note(made);
        if (index % 3 === 0) {
          const payment = purchase({ payment_method: made.body.id });
          note(await client.createPayment(payment, { prefer: 'wait=2' }));
        }
        for (const wrong of mistakesWith(card)) note(await wrong(client));
        if (index % 5 === 0) note(await stage.operator.erasePaymentMethod(made.body.id));
        worked += 1;
      });
      await stage.sandbox.heal();
    }
    expect(worked).toBe(SCANNED);
    for (const path of [
      '/metrics',
      '/openapi.json',
      '/v1/payment_methods?limit=100',
      '/v1/events?limit=100',
    ])
      note(await stage.operator.request('GET', path));
    const { bursar } = stage;
    note(await stage.auditor.request('GET', '/v1/processors'));

    const found = await scanFolder(scan, bursar.dataDir);
    expect(found.files).toEqual(
      expect.arrayContaining(['events.db', 'vault.db', 'read-models.db']),
    );
    expect(found.bytes).toBeGreaterThan(100_000);
    expect(found.findings).toEqual([]);
    expect(scan.scan(bursar.output())).toEqual([]);
    expect(answered.flatMap((text) => scan.scan(text))).toEqual([]);

    // The scan would have seen it.
    const planted = join(bursar.dataDir, 'planted.txt');
    await writeFile(planted, `x ${cards[7]?.number} y`);
    expect((await scanFolder(scan, bursar.dataDir)).findings).toHaveLength(1);
    await rm(planted);
  });

  /** What goes wrong with a card in practice, each of which must be answered without repeating it. */
  function mistakesWith({
    number,
    cvc,
    ...expiry
  }: Card): ((client: Client) => Promise<{ bytes: Buffer }>)[] {
    const grouped = number.replaceAll(/(.{4})(?=.)/g, '$1 ');
    const post = (body: object) => (client: Client) => client.tokenize(body);
    return [
      post({ card: { number: grouped, cvc, ...expiry } }),
      post({ card: { number, cvc, ...expiry, [number]: 1 } }),
      post({ card: { number, cvc: `${cvc}${cvc}`, ...expiry } }),
      post({ number, cvc, ...expiry }),
      (client) =>
        client.request('POST', '/v1/payment_methods', {
          bytes: `{"card":{"number":"${number}"`,
          headers: { 'idempotency-key': number },
        }),
      (client) => client.request('GET', `/v1/payment_methods/${number}`),
      (client) => client.createPayment(purchase({ purpose: `card ${grouped}` })),
      (client) => client.createPayment(purchase({ metadata: { [number]: number } })),
      (client) => client.request('GET', `/v1/payment_intents?payee=${number}&x${number}=1`),
    ];
  }
});

describe.skipIf(FORM === 'cluster')('the key of the vault', () => {
  it('lies beside the data folder with mode 0600, and without it the server does not start', async () => {
    const bursar = await startBursar();
    try {
      const { dataDir } = bursar;
      const client = createApiClient(bursar.baseUrl, bursar.credentials().agent.key);
      const keyPath = `${dataDir}.vault-key`;
      await expect(readFile(keyPath)).rejects.toThrow('ENOENT');
      await tokenOf(client, VISA);
      client.close();
      const key = await readFile(keyPath);
      expect((await stat(keyPath)).mode & 0o777).toBe(0o600);
      await bursar.stop();
      await rm(keyPath);
      await expect(bursar.start()).rejects.toThrow('the key of the vault is missing');
      await writeFile(keyPath, key, { mode: 0o600 });
      await bursar.start();
    } finally {
      await bursar.dispose();
    }
  });
});

describe('the distributed form', () => {
  it('takes cards over TLS to connectors that share a vault, and says so where there is no way', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cards-e2e-'));
    await mkdir(join(folder, 'vault'));
    const authority = await certificateAuthority(folder, 'cards');
    const [here, there] = [
      await authority.certificate('gateway'),
      await authority.certificate('connectors'),
    ];
    const port = await freePorts(1);
    const tlsOf = ({ certificateFile, keyFile, caFile }: typeof here) => ({
      BURSAR_CARDS_CERTIFICATE_FILE: certificateFile,
      BURSAR_CARDS_KEY_FILE: keyFile,
      BURSAR_CARDS_CA_FILE: caFile,
    });
    const vault = {
      BURSAR_VAULT_FILE: join(folder, 'vault/vault.db'),
      BURSAR_VAULT_KEY_FILE: join(folder, 'keys/vault.key'),
    };
    const sandbox = await startSandbox();
    try {
      const cluster = await startCluster({
        each: { connectors: 2, gateway: 2 },
        sandboxUrl: sandbox.url,
        envOf: (name): Record<string, string> => {
          if (name === 'connectors-1')
            return { ...vault, ...tlsOf(there), BURSAR_CARDS_PORT: String(port) };
          if (name === 'connectors-2') return vault;
          if (name === 'gateway-1')
            return { ...tlsOf(here), BURSAR_CARDS_URL: `https://127.0.0.1:${port}` };
          return {};
        },
      });
      try {
        const [open, closed] = cluster.of('gateway').map(({ url }) => url) as [string, string];
        const { agent } = await cluster.makeTenant('sandbox', open);
        const [client, other] = [
          createApiClient(open, agent.key),
          createApiClient(closed, agent.key),
        ];
        const cards = Array.from({ length: 8 }, (_, count) => cardNumbered(count));
        const tokens = await inParallel(cards, 4, (card) => tokenOf(client, card));
        // Either of the connectors processes may be asked for each.
        const paid = await inParallel(tokens, 4, (payment_method) =>
          client.createPayment(purchase({ payment_method }), { prefer: 'wait=20' }),
        );
        expect(paid.map(({ status, body }) => [status, body.status])).toEqual(
          cards.map(() => [201, 'succeeded']),
        );
        const refused = await bring(other, VISA);
        expect([refused.status, refused.bytes.toString()]).toEqual([
          503,
          expect.stringContaining('takes no cards') as string,
        ]);
        expect((await client.erasePaymentMethod(tokens[0] ?? '')).status).toBe(200);
        const scan = new CardScan([VISA, ...cards].map(canaryOf));
        for (const each of cluster.processes) {
          expect(scan.scan(each.output()), each.name).toEqual([]);
          expect((await scanFolder(scan, each.dataDir)).findings, each.name).toEqual([]);
        }
        expect((await scanFolder(scan, join(folder, 'vault'))).findings).toEqual([]);
        client.close();
        other.close();
      } finally {
        await cluster.dispose();
      }
    } finally {
      await sandbox.dispose();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
