import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRoleSettings } from '../roles/role.settings.js';
import { readSettings } from '../settings.js';
import { processorSettingsOf } from './processor.settings.js';

const STRIPE = { STRIPE_SECRET_KEY: 'sk_test_topsecret' };
const ADYEN = {
  ADYEN_API_KEY: 'topsecret',
  ADYEN_MERCHANT_ACCOUNT: 'AcmeECOM',
  ADYEN_HMAC_KEYS: 'ab'.repeat(32),
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'processor-settings-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(text: string): string {
  const path = join(folder, `secret-${text.length}`);
  writeFileSync(path, text);
  return path;
}

function read(env: NodeJS.ProcessEnv) {
  const faults: string[] = [];
  return { ...processorSettingsOf(env, faults), faults };
}

describe('processors', () => {
  it('are the sandbox’s own when nothing is set', () => {
    const { processors, sandbox } = readSettings({});
    expect(processors).toEqual({ order: [], stripe: null, adyen: null, doubles: [] });
    expect(sandbox).toMatchObject({ port: 7071 });
  });

  it('are those whose keys are set, Stripe first, and then there is no sandbox', () => {
    const { processors, sandbox } = readSettings({ ...STRIPE, ...ADYEN });
    expect(processors.order).toEqual(['stripe', 'adyen']);
    expect(processors.stripe).toEqual({ secretKey: 'sk_test_topsecret', webhookSecrets: [] });
    expect(processors.adyen).toMatchObject({
      merchantAccount: 'AcmeECOM',
      baseUrl: 'https://checkout-test.adyen.com/v71',
      hmacKeys: ['ab'.repeat(32)],
    });
    expect(sandbox).toBeNull();
  });

  it.each([
    ['adyen,stripe', ['adyen', 'stripe'], null],
    [' stripe , sandbox_b ', ['stripe', 'sandbox_b'], { port: 7071 }],
    ['sandbox_b', ['sandbox_b'], { port: 7071 }],
  ])('are preferred as %j says', (text, order, sandbox) => {
    const settings = readSettings({ ...STRIPE, ...ADYEN, BURSAR_PROCESSORS: text });
    expect(settings.processors.order).toEqual(order);
    if (sandbox === null) expect(settings.sandbox).toBeNull();
    else expect(settings.sandbox).toMatchObject(sandbox);
  });

  it('are the doubles that the sandbox is to have, without any key', () => {
    const { processors, sandbox } = readSettings({ BURSAR_SANDBOX_DOUBLES: 'stripe,adyen' });
    expect(processors).toMatchObject({ order: ['stripe', 'adyen'], doubles: ['stripe', 'adyen'] });
    expect(sandbox).toMatchObject({ port: 7071 });
  });

  it('have their secrets in files where a file is named, several of them by commas or lines', () => {
    const env = {
      STRIPE_SECRET_KEY_FILE: fileWith('sk_test_topsecret\n'),
      STRIPE_WEBHOOK_SECRETS_FILE: fileWith('whsec_topsecret_1\nwhsec_topsecret_2, whsec_3\n'),
    };
    expect(read(env)).toMatchObject({
      faults: [],
      stripe: {
        secretKey: 'sk_test_topsecret',
        webhookSecrets: ['whsec_topsecret_1', 'whsec_topsecret_2', 'whsec_3'],
      },
    });
  });

  it('are at the address of a live account, or at any other that is given', () => {
    const { adyen } = read({ ...ADYEN, ADYEN_LIVE_URL_PREFIX: '1797a841fbb37ca7-Acme' });
    expect(adyen?.baseUrl).toBe(
      'https://1797a841fbb37ca7-Acme-checkout-live.adyenpayments.com/checkout/v71',
    );
    const given = read({
      ...STRIPE,
      ...ADYEN,
      STRIPE_BASE_URL: 'http://127.0.0.1:1',
      ADYEN_BASE_URL: 'http://127.0.0.1:2/v71',
      BURSAR_RETURN_URL: 'https://shop.example/back',
    });
    expect(given.stripe).toMatchObject({
      baseUrl: 'http://127.0.0.1:1',
      returnUrl: 'https://shop.example/back',
    });
    expect(given.adyen).toMatchObject({
      baseUrl: 'http://127.0.0.1:2/v71',
      returnUrl: 'https://shop.example/back',
    });
  });

  it('have their reports downloaded by a report user of their environment', () => {
    const REPORTS = {
      ADYEN_REPORT_USER: 'report@Company.Acme',
      ADYEN_REPORT_PASSWORD: 'topsecret',
    };
    const reports = { user: 'report@Company.Acme', password: 'topsecret' };
    expect(read({ ...ADYEN, ...REPORTS }).adyen?.reports).toEqual({
      ...reports,
      baseUrl: 'https://ca-test.adyen.com',
    });
    const live = { ADYEN_LIVE_URL_PREFIX: '1797a841fbb37ca7-Acme' };
    expect(read({ ...ADYEN, ...REPORTS, ...live }).adyen?.reports?.baseUrl).toBe(
      'https://ca-live.adyen.com',
    );
    expect(read(ADYEN).adyen?.reports).toBeUndefined();
  });

  it.each([
    [{ ...ADYEN, ADYEN_REPORT_USER: 'u' }, 'ADYEN_REPORT_PASSWORD'],
    [{ ADYEN_REPORT_PASSWORD: 'topsecret' }, 'ADYEN_REPORT_PASSWORD is set, but'],
    [{ BURSAR_PROCESSORS: 'stripe' }, 'STRIPE_SECRET_KEY is not set'],
    [{ ...STRIPE, BURSAR_PROCESSORS: 'stripe,adyen' }, 'ADYEN_API_KEY is not set'],
    [{ ...STRIPE, BURSAR_PROCESSORS: 'stripe,stripe' }, 'BURSAR_PROCESSORS'],
    [{ ...STRIPE, BURSAR_PROCESSORS: 'stripe;sandbox_a' }, 'BURSAR_PROCESSORS'],
    [{ BURSAR_SANDBOX_DOUBLES: 'paypal' }, 'BURSAR_SANDBOX_DOUBLES'],
    [{ BURSAR_SANDBOX_DOUBLES: 'stripe,stripe' }, 'BURSAR_SANDBOX_DOUBLES'],
    [{ ...STRIPE, BURSAR_SANDBOX_DOUBLES: 'stripe' }, 'STRIPE_SECRET_KEY must not be set'],
    [{ ...ADYEN, BURSAR_SANDBOX_DOUBLES: 'adyen' }, 'ADYEN_API_KEY must not be set'],
    [{ ...STRIPE, STRIPE_SECRET_KEY: '', STRIPE_WEBHOOK_SECRETS: 'whsec_topsecret' }, 'is not'],
    [{ ...ADYEN, ADYEN_API_KEY: ' ' }, 'ADYEN_MERCHANT_ACCOUNT is set, but ADYEN_API_KEY is not'],
    [{ ...ADYEN, ADYEN_MERCHANT_ACCOUNT: '' }, 'ADYEN_MERCHANT_ACCOUNT'],
    [{ ...ADYEN, ADYEN_HMAC_KEYS: ' , ' }, 'ADYEN_HMAC_KEYS'],
    [{ ...ADYEN, ADYEN_LIVE_URL_PREFIX: 'a.example/' }, 'ADYEN_LIVE_URL_PREFIX'],
    [{ ...ADYEN, ADYEN_LIVE_URL_PREFIX: 'a', ADYEN_BASE_URL: 'http://x.example' }, 'exclude'],
    [{ ...STRIPE, STRIPE_SECRET_KEY_FILE: 'package.json' }, 'exclude each other'],
    [
      { STRIPE_SECRET_KEY_FILE: '/nowhere/at/all' },
      'STRIPE_SECRET_KEY_FILE cannot be read: ENOENT',
    ],
  ])('are refused with %j, and no secret is told', (env, named) => {
    const { faults } = read(env);
    expect(faults.join('\n')).toContain(named);
    expect(faults.join('\n')).not.toMatch(/topsecret|abab/);
  });

  it('cannot be doubles of a server whose port nobody knows beforehand', () => {
    const env = { BURSAR_SANDBOX_DOUBLES: 'adyen', BURSAR_PORT: '0' };
    expect(() => readSettings(env)).toThrow('BURSAR_PORT other than 0');
  });
});

describe('processors of the distributed form', () => {
  const NATS = { BURSAR_NATS_URL: 'nats://127.0.0.1:4222' };
  const LOG = {
    BURSAR_EVENTSTORE_URL: 'esdb://127.0.0.1:2113',
    BURSAR_INSTANCE_SECRET_FILE: 'secret',
  };

  it('are known to connectors, which need a sandbox only for what is in it', () => {
    const accounts = { ...NATS, ...STRIPE, ...ADYEN };
    expect(readRoleSettings('connectors', accounts)).toMatchObject({
      sandboxUrl: null,
      processors: { order: ['stripe', 'adyen'] },
    });
    const withSandbox = { ...accounts, BURSAR_PROCESSORS: 'stripe,sandbox_a' };
    for (const env of [NATS, withSandbox, { ...NATS, BURSAR_SANDBOX_DOUBLES: 'stripe' }])
      expect(() => readRoleSettings('connectors', env)).toThrow('BURSAR_SANDBOX_URL is not set');
  });

  it.each(['gateway', 'commands', 'sagas', 'queries'] as const)(
    'are nothing that %s would hold the keys of',
    (role) => {
      const settings = readRoleSettings(role, { ...NATS, ...LOG, ...STRIPE, ...ADYEN });
      expect(JSON.stringify(settings)).not.toMatch(/topsecret|abab/);
    },
  );
});
