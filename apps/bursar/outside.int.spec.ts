import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADYEN_DOUBLE, STRIPE_DOUBLE, doublesOptions } from '../sandbox/doubles.js';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.js';
import { type Outside, openOutside } from './outside.js';
import { rateSettingsOf } from './rate.settings.js';
import { processorSettingsOf } from './processors/processor.settings.js';

let sandbox: Sandbox;
let outside: Outside | undefined;
beforeEach(async () => {
  outside = undefined;
  const doubles = doublesOptions(['stripe', 'adyen'], 'http://127.0.0.1:9');
  sandbox = await startSandbox({ port: 0, host: '127.0.0.1', ...doubles });
});
afterEach(async () => {
  await outside?.close();
  await sandbox.stop();
});

async function open(env: NodeJS.ProcessEnv, sandboxUrl: string | null = sandbox.url) {
  const processors = processorSettingsOf(env, []);
  const rates = rateSettingsOf(env, processors, []);
  const rest = { reservationParticipants: [], webhooksAllowInternal: false };
  outside = await openOutside(sandboxUrl, { processors, rates, ...rest });
  return outside;
}

const namesOf = ({ registry }: Outside) => registry.all().map(({ name }) => name);

const ACCOUNTS = {
  STRIPE_SECRET_KEY: STRIPE_DOUBLE.secretKey,
  ADYEN_API_KEY: ADYEN_DOUBLE.apiKey,
  ADYEN_MERCHANT_ACCOUNT: ADYEN_DOUBLE.merchantAccount,
  ADYEN_HMAC_KEYS: ADYEN_DOUBLE.hmacKey,
};

/** Held in the double's books: the connector reached it, with the right account. */
async function pay({ registry }: Outside, name: string, paymentMethod: string): Promise<void> {
  const processor = registry.find(name);
  const order = { key: `of-${name}-1`, amountMinor: 4_200, currency: 'EUR', paymentMethod };
  const prepared = name === 'stripe' && (await processor?.call('prepare', order));
  const reference = prepared && 'reference' in prepared.outcome ? prepared.outcome.reference : '';
  const answered = await processor?.call('authorize', {
    ...order,
    ...(reference && { reference }),
  });
  expect(answered?.outcome).toMatchObject({ kind: 'succeeded', amountMinor: 4_200 });
}

describe('who is outside', () => {
  it('are the sandbox’s own processors in its order when nothing is set', async () => {
    const opened = await open({});
    expect(namesOf(opened)).toEqual(['sandbox_a', 'sandbox_b']);
    expect(opened.noticeReaders.of('stripe')).toBeUndefined();
  });

  it('are the sandbox’s doubles, which take payments and whose webhooks can be read', async () => {
    const opened = await open({ BURSAR_SANDBOX_DOUBLES: 'stripe,adyen' });
    expect(namesOf(opened)).toEqual(['stripe', 'adyen']);
    await pay(opened, 'stripe', 'pm_card_visa');
    await pay(opened, 'adyen', 'shopper.SANDBOX_VISA');
    for (const name of ['stripe', 'adyen'])
      expect(opened.noticeReaders.of(name)?.processor).toBe(name);
  });

  it('are accounts at the addresses given, without a sandbox', async () => {
    const [stripe, adyen] = [...sandbox.processors, ...sandbox.doubles].slice(-2);
    const env = { STRIPE_BASE_URL: stripe?.url, ADYEN_BASE_URL: `${adyen?.url}/v71` };
    const opened = await open({ ...ACCOUNTS, ...env, BURSAR_PROCESSORS: 'adyen,stripe' }, null);
    expect(namesOf(opened)).toEqual(['adyen', 'stripe']);
    await pay(opened, 'stripe', 'pm_card_visa');
    await pay(opened, 'adyen', 'shopper.SANDBOX_VISA');
    // Without its secret nothing that claims to be from Stripe is believed.
    expect(opened.noticeReaders.of('stripe')).toBeUndefined();
  });

  it('are in the order that is set, whoever they are, and nobody else', async () => {
    const opened = await open({
      BURSAR_SANDBOX_DOUBLES: 'stripe,adyen',
      BURSAR_PROCESSORS: 'sandbox_b,stripe',
    });
    expect(namesOf(opened)).toEqual(['sandbox_b', 'stripe']);
    expect(opened.noticeReaders.of('adyen')).toBeUndefined();
  });

  it.each([
    [{ BURSAR_PROCESSORS: 'sandbox_c' }, 'sandbox_c; there are sandbox_a, sandbox_b'],
    [{ STRIPE_SECRET_KEY: 'pk_test_topsecret' }, 'no usable secret key'],
    [{ ...ACCOUNTS, ADYEN_HMAC_KEYS: 'topsecret' }, 'HMAC keys'],
    [{ ...ACCOUNTS, ADYEN_BASE_URL: 'ftp://topsecret' }, 'no usable baseUrl'],
    [{ STRIPE_SECRET_KEY: 'sk_live_topsecret', STRIPE_BASE_URL: 'http://x.example' }, 'encryption'],
  ])('are refused with %j, without a secret in what is said', async (env, named) => {
    const refused = open(env).catch((error: Error) => error);
    const { name, message } = (await refused) as Error;
    expect([name, message]).toEqual(['InvalidSettingsError', expect.stringContaining(named)]);
    expect(message).not.toContain('topsecret');
  });
});
