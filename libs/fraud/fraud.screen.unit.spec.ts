import { Timers } from '#platform';
import { describe, expect, it } from 'vitest';
import { FraudProvider } from './fraud-provider.port.js';
import type { FraudRequest, FraudVerdict } from './fraud-provider.port.js';
import { FraudScreen } from './fraud.screen.js';

const REQUEST: FraudRequest = {
  stage: 'authorization',
  tenant: 'sandbox',
  agent: 'agt_1',
  payee: { id: 'acme-books' },
  amountMinor: 4200,
  currency: 'USD',
  paymentMethod: 'pm_sandbox_visa',
  now: '2026-03-01T12:00:00.000Z',
  activity: { countLastMinute: 0, countLastHour: 0, countLastDay: 0, amountLastDayMinor: 0 },
  velocityRules: false,
};
const SIGNAL = { rule: 'r', observed: 1, threshold: 2, contribution: 0, matched: false };
const VERDICT: FraudVerdict = {
  provider: 'scripted',
  version: '3',
  verdict: 'review',
  reason: 'fraud',
  score: 61,
  signals: [SIGNAL],
};

class ScriptedProvider extends FraudProvider {
  readonly name = 'scripted';
  readonly version = '3';
  signal: AbortSignal | undefined;

  constructor(private readonly answer: () => Promise<FraudVerdict>) {
    super();
  }

  screen(_request: FraudRequest, signal: AbortSignal): Promise<FraudVerdict> {
    this.signal = signal;
    return this.answer();
  }
}

/** Timers that fire only when told to. */
class ManualTimers extends Timers {
  readonly pending = new Map<() => void, number>();

  after(delayMs: number, fire: () => void): () => void {
    this.pending.set(fire, delayMs);
    return () => void this.pending.delete(fire);
  }

  fireAll(): void {
    for (const fire of this.pending.keys()) fire();
  }
}

function screenOver(answer: () => Promise<FraudVerdict>, failMode: 'open' | 'closed' = 'closed') {
  const provider = new ScriptedProvider(answer);
  const timers = new ManualTimers();
  const screen = new FraudScreen(provider, timers, { timeoutMs: 500, failMode });
  return { provider, timers, screen };
}

describe('a usable verdict', () => {
  it('passes unchanged and leaves no timer behind', async () => {
    const { screen, timers } = screenOver(() => Promise.resolve(VERDICT), 'open');
    expect(await screen.screen(REQUEST)).toEqual(VERDICT);
    expect(timers.pending.size).toBe(0);
  });

  it('cannot name another provider, claim a fail mode or carry more than we know', async () => {
    const boastful = {
      ...VERDICT,
      provider: 'other',
      failMode: 'open' as const,
      error: 'x',
      card: 'y',
      signals: [{ ...SIGNAL, card: 'y' }],
    };
    const { screen } = screenOver(() => Promise.resolve(boastful));
    expect(await screen.screen(REQUEST)).toEqual(VERDICT);
  });
});

describe('a provider that takes too long', () => {
  it.each([
    ['open', 'allow', 0],
    ['closed', 'block', 100],
  ] as const)('is decided by fail-%s: %s', async (failMode, verdict, score) => {
    const { screen, timers, provider } = screenOver(() => new Promise(() => undefined), failMode);
    const result = screen.screen(REQUEST);
    expect([...timers.pending.values()]).toEqual([500]);
    expect(provider.signal?.aborted).toBe(false);
    timers.fireAll();
    expect(await result).toEqual({
      provider: 'scripted',
      version: '3',
      verdict,
      reason: 'fraud',
      score,
      signals: [],
      failMode,
      error: 'no answer within 500 ms',
    });
    expect(provider.signal?.aborted).toBe(true);
  });

  it('is ignored when it fails after the limit', async () => {
    let fail = (_error: Error): void => undefined;
    const late = new Promise<FraudVerdict>((_resolve, reject) => (fail = reject));
    const { screen, timers } = screenOver(() => late, 'open');
    const result = screen.screen(REQUEST);
    timers.fireAll();
    fail(new Error('too late'));
    expect(await result).toMatchObject({ verdict: 'allow', error: 'no answer within 500 ms' });
  });
});

describe('a provider that fails', () => {
  it.each([
    ['rejects', () => Promise.reject(new Error('connection refused'))],
    [
      'throws at once',
      () => {
        throw new Error('connection refused');
      },
    ],
  ])('is decided by the fail mode when it %s', async (_how, answer) => {
    for (const [failMode, verdict] of [
      ['open', 'allow'],
      ['closed', 'block'],
    ] as const) {
      const { screen, timers } = screenOver(answer, failMode);
      expect(await screen.screen(REQUEST)).toMatchObject({
        verdict,
        failMode,
        error: 'connection refused',
      });
      expect(timers.pending.size).toBe(0);
    }
  });

  it('gets its words shortened to one line without control characters', async () => {
    const words = `a\r\n\u0000b${'é'.repeat(500)}`;
    const { screen } = screenOver(() => Promise.reject(new Error(words)));
    const { error } = await screen.screen(REQUEST);
    expect(error).toBe(`a b${'é'.repeat(197)}`);
  });

  it('may reject with anything', async () => {
    const { screen } = screenOver(() =>
      Promise.reject<FraudVerdict>(undefined as unknown as Error),
    );
    expect(await screen.screen(REQUEST)).toMatchObject({ error: 'the provider failed' });
  });
});

describe('a nonsense verdict', () => {
  it.each([
    ['a score above 100', { score: 101 }],
    ['a negative score', { score: -1 }],
    ['a score with a fraction', { score: 12.5 }],
    ['a score that is not a number', { score: Number.NaN }],
    ['a score as text', { score: '12' }],
    ['an unknown verdict', { verdict: 'perhaps' }],
    ['an unknown reason', { reason: 'mood' }],
    ['no signals', { signals: undefined }],
    ['a signal without a rule', { signals: [{ ...SIGNAL, rule: undefined }] }],
    ['a signal that observed nothing', { signals: [{ ...SIGNAL, observed: Number.NaN }] }],
    ['a signal that is not an object', { signals: [null] }],
  ])('with %s is decided by the fail mode', async (_what, change) => {
    const answer = { ...VERDICT, verdict: 'allow', ...change } as unknown as FraudVerdict;
    const closed = screenOver(() => Promise.resolve(answer));
    expect(await closed.screen.screen(REQUEST)).toMatchObject({
      verdict: 'block',
      failMode: 'closed',
      score: 100,
      error: expect.stringMatching(/./) as string,
    });
  });

  it('like no answer at all is decided by the fail mode', async () => {
    const { screen } = screenOver(() => Promise.resolve(undefined as unknown as FraudVerdict));
    expect(await screen.screen(REQUEST)).toMatchObject({ verdict: 'block', failMode: 'closed' });
  });
});

describe('the time limit', () => {
  it.each([0, -1, 1.5, Number.NaN, Infinity])('is refused when it is %d ms', (timeoutMs) => {
    const provider = new ScriptedProvider(() => Promise.resolve(VERDICT));
    expect(
      () => new FraudScreen(provider, new ManualTimers(), { timeoutMs, failMode: 'open' }),
    ).toThrow(RangeError);
  });
});
