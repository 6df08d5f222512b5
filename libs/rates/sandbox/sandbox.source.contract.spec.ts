import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { supportedCurrencies } from '#domain';
import { SystemClock, SystemTimers } from '#platform/system';
import { UndiciHttpClient } from '#platform/undici';
import { type Sandbox, startSandbox } from '../../../apps/sandbox/sandbox.js';
import { RateBoard } from '../index.js';
import { describeRateSource } from '../rate-source.contract.js';
import { SandboxRateSource, discoverSandboxRates } from './index.js';

describeRateSource('sandbox', {
  create: (http) => new SandboxRateSource('rates_a', 'http://sandbox.example/rates', http),
  base: 'EUR',
  asOf: Date.UTC(2026, 2, 1, 12, 30),
  document: (asOf, rates) =>
    JSON.stringify({ base: 'EUR', as_of: new Date(asOf).toISOString(), rates }),
});

describe('the rates of the sandbox', () => {
  let sandbox: Sandbox;
  let http: UndiciHttpClient;
  let sources: SandboxRateSource[];
  const find = (from: string, to: string) =>
    new RateBoard(sources, new SystemClock(), new SystemTimers(), { timeoutMs: 500 }).find(
      from,
      to,
    );
  const put = async (source: string, switches: object) => {
    const url = `${sandbox.url}/rates/${source}/switches`;
    const { status } = await http.request({ method: 'PUT', url, body: JSON.stringify(switches) });
    return status;
  };

  beforeAll(async () => {
    sandbox = await startSandbox({ port: 0, host: '127.0.0.1' });
    http = new UndiciHttpClient();
    sources = await discoverSandboxRates(sandbox.url, http);
  });
  beforeEach(async () => {
    for (const { name } of sources) await put(name, { mode: 'none' });
  });
  afterAll(async () => {
    await http.close();
    await sandbox.stop();
  });

  it('come from two sources and cover every supported currency', async () => {
    expect(sources.map(({ name }) => name)).toEqual(['rates_a', 'rates_b']);
    const outcome = await sources[0]!.latest(new AbortController().signal);
    const covered = outcome.ok ? ['EUR', ...outcome.sheet.rates.keys()].toSorted() : [];
    expect(covered).toEqual(supportedCurrencies());
  });

  it('are a definite rate with two opinions', async () => {
    const found = await find('EUR', 'GBP');
    expect(found).toMatchObject({ ok: true, rate: { rate: '0.8678', source: 'rates_a' } });
    expect(found.ok && found.rate.opinions).toHaveLength(2);
  });

  it.each([
    [{ mode: 'down' }, 'unreachable'],
    [{ mode: 'hang' }, 'timeout'],
    [{ mode: 'stale' }, 'stale'],
    [{ mode: 'nonsense' }, 'unreadable'],
  ])('are unavailable when both sources are switched to %j', async (switches, reason) => {
    for (const { name } of sources) expect(await put(name, switches)).toBe(200);
    const found = await find('EUR', 'GBP');
    expect(found).toMatchObject({
      ok: false,
      reason: 'no_rate',
      noOpinions: [{ reason }, { reason }],
    });
  });

  it('are those of the other source when the first is down', async () => {
    await put('rates_a', { mode: 'down' });
    expect(await find('EUR', 'GBP')).toMatchObject({ ok: true, rate: { source: 'rates_b' } });
  });

  it('are unavailable for a currency about which the two disagree, and for no other', async () => {
    await put('rates_b', { mode: 'off', currency: 'GBP', factor: 1.1 });
    expect(await find('USD', 'GBP')).toMatchObject({ ok: false, reason: 'sources_disagree' });
    expect(await find('USD', 'JPY')).toMatchObject({ ok: true });
  });

  it.each([
    {},
    { mode: 'angry' },
    { mode: 'off' },
    { mode: 'off', currency: 'EUR', factor: 2 },
    { mode: 'off', currency: 'USD', factor: 0 },
    { mode: 'none', more: 1 },
  ])('cannot be switched by %j', async (switches) => {
    expect(await put('rates_a', switches)).toBe(400);
  });
});
