import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CedarPolicyEngine } from './cedar-policy.engine.js';
import { defaultBundleSource } from './default-bundle.js';
import type { PolicyInput } from './policy.port.js';

const ORDINARY: PolicyInput = {
  tenant: 'sandbox',
  agent: { id: 'agt_1', name: 'Buyer' },
  mandate: { id: 'mnd_1' },
  payee: {
    id: 'acme-books',
    name: 'Acme Books',
    mcc: '5942',
    country: 'US',
    domain: 'acme.example',
  },
  amountMinor: 4200,
  currency: 'USD',
  captureMethod: 'automatic',
  purpose: 'team training material',
  now: '2026-03-01T12:00:00.000Z',
};

const matchedIds = (decision: ReturnType<CedarPolicyEngine['decide']>): string[] =>
  decision.evaluated.filter(({ matched }) => matched).map(({ id }) => id);

/** An engine over the default schema whose policies are given as `[annotations, effect, condition]`. */
function engineOf(...policies: [string, 'permit' | 'forbid', string][]): CedarPolicyEngine {
  const text = policies.map(
    ([annotations, effect, condition]) =>
      `${annotations} @description("d") ${effect} (principal, action, resource) when { ${condition} };`,
  );
  return CedarPolicyEngine.load({
    ...defaultBundleSource(),
    name: 'test',
    policies: text.join('\n'),
  });
}

describe('the default bundle', () => {
  const engine = CedarPolicyEngine.load(defaultBundleSource());

  it('allows an ordinary purchase and names the permit that decided', () => {
    const decision = engine.decide(ORDINARY);
    expect(decision).toMatchObject({
      decision: 'allow',
      bundle: engine.bundle,
      determining: ['small-purchases'],
      errors: [],
    });
    expect(engine.bundle).toMatch(/^default@1\.0\.0\+[0-9a-f]{12}$/);
  });

  it('lists every policy in the order of the bundle, with its words and whether it matched', () => {
    const { evaluated } = engine.decide(ORDINARY);
    expect(evaluated.map(({ id, effect, ask, matched }) => [id, effect, ask, matched])).toEqual([
      ['small-purchases', 'permit', false, true],
      ['larger-purchases', 'permit', false, false],
      ['no-gambling', 'forbid', false, false],
      ['ask-cash-equivalents', 'forbid', true, false],
    ]);
    expect(evaluated.every(({ description }) => description.length > 20)).toBe(true);
  });

  it('records exactly what the evaluation saw, without absent members', () => {
    const { payee, purpose: _purpose, ...rest } = ORDINARY;
    const { inputs } = engine.decide({ ...rest, mandate: null, payee: { id: payee.id } });
    expect(inputs).toEqual({
      principal: { type: 'Agent', id: 'agt_1' },
      action: { type: 'Action', id: 'pay' },
      resource: { type: 'Payee', id: 'acme-books' },
      context: {
        amountMinor: 4200,
        currency: 'USD',
        captureMethod: 'automatic',
        now: { __extn: { fn: 'datetime', arg: '2026-03-01T12:00:00.000Z' } },
      },
      entities: [
        {
          uid: { type: 'Agent', id: 'agt_1' },
          attrs: { name: 'Buyer' },
          parents: [{ type: 'Tenant', id: 'sandbox' }],
        },
        { uid: { type: 'Payee', id: 'acme-books' }, attrs: {}, parents: [] },
      ],
    });
  });

  it.each([
    [49_999, 'USD', 'small-purchases'],
    [50_000, 'USD', 'larger-purchases'],
    [100_000, 'EUR', 'larger-purchases'],
    [150_000, 'JPY', 'larger-purchases'],
    [Number.MAX_SAFE_INTEGER, 'JPY', 'larger-purchases'],
  ])('leaves the amount %i %s to the mandate', (amountMinor, currency, id) => {
    const decision = engine.decide({ ...ORDINARY, amountMinor, currency });
    expect([decision.decision, decision.determining]).toEqual(['allow', [id]]);
  });

  it('refuses gambling and still shows which permit would have matched', () => {
    const decision = engine.decide({ ...ORDINARY, payee: { id: 'casino', mcc: '7995' } });
    expect([decision.decision, decision.determining]).toEqual(['deny', ['no-gambling']]);
    expect(matchedIds(decision)).toEqual(['small-purchases', 'no-gambling']);
  });

  it('asks a human about cash equivalents', () => {
    const decision = engine.decide({ ...ORDINARY, payee: { id: 'exchange', mcc: '6051' } });
    expect([decision.decision, decision.determining]).toEqual(['ask', ['ask-cash-equivalents']]);
  });
});

describe('precedence', () => {
  it('lets a refusal win over asking, and names only the refusal', () => {
    const engine = engineOf(
      ['@id("yes")', 'permit', 'true == true'],
      ['@id("ask") @ask', 'forbid', 'context.amountMinor > 1'],
      ['@id("no")', 'forbid', 'context.amountMinor > 2'],
    );
    const decision = engine.decide({ ...ORDINARY, amountMinor: 3 });
    expect([decision.decision, decision.determining]).toEqual(['deny', ['no']]);
    expect(matchedIds(decision)).toEqual(['yes', 'ask', 'no']);
    expect(engine.decide({ ...ORDINARY, amountMinor: 2 }).decision).toBe('ask');
    expect(engine.decide({ ...ORDINARY, amountMinor: 1 }).decision).toBe('allow');
  });

  it('denies what nothing permits, even when a policy asks', () => {
    const engine = engineOf(
      ['@id("yes")', 'permit', 'context.amountMinor < 10'],
      ['@id("ask") @ask', 'forbid', 'context.currency == "EUR"'],
    );
    const silent = engine.decide(ORDINARY);
    expect([silent.decision, silent.determining, silent.errors]).toEqual(['deny', [], []]);
    const asked = engine.decide({ ...ORDINARY, currency: 'EUR' });
    expect([asked.decision, asked.determining]).toEqual(['deny', []]);
    expect(matchedIds(asked)).toEqual(['ask']);
  });

  it('names every permit that matched', () => {
    const engine = engineOf(
      ['@id("b")', 'permit', 'context.amountMinor > 1'],
      ['@id("a")', 'permit', 'context.currency == "USD"'],
    );
    expect(engine.decide(ORDINARY).determining).toEqual(['b', 'a']);
  });
});

describe('a failed evaluation', () => {
  it('denies although a permit matched, and names the policy that could not be evaluated', () => {
    const engine = engineOf(
      ['@id("yes")', 'permit', 'context.amountMinor > 1'],
      ['@id("overflow")', 'forbid', 'context.amountMinor * 9223372036854775807 > 0'],
    );
    const decision = engine.decide(ORDINARY);
    expect([decision.decision, decision.determining]).toEqual(['deny', ['overflow']]);
    expect(decision.errors).toEqual([expect.stringMatching(/^overflow: integer overflow/)]);
  });

  it('does not turn into a question when another policy asks', () => {
    const engine = engineOf(
      ['@id("yes")', 'permit', 'context.amountMinor > 1'],
      ['@id("ask") @ask', 'forbid', 'context.amountMinor > 1'],
      ['@id("overflow")', 'permit', 'context.amountMinor * 9223372036854775807 > 0'],
    );
    const decision = engine.decide(ORDINARY);
    expect([decision.decision, decision.determining]).toEqual(['deny', ['overflow']]);
    expect(decision.errors).toHaveLength(1);
  });

  it.each([
    ['a fractional amount', { amountMinor: 10.5 }],
    ['an amount that is not a number', { amountMinor: Number.NaN }],
    ['a time that is not RFC 3339', { now: 'yesterday' }],
    ['half of a surrogate pair', { currency: '\ud800' }],
  ])('denies %s', (_what, change) => {
    const engine = CedarPolicyEngine.load(defaultBundleSource());
    const decision = engine.decide({ ...ORDINARY, ...change });
    expect([decision.decision, decision.determining]).toEqual(['deny', []]);
    expect(decision.errors.join()).not.toBe('');
    expect(decision.evaluated.every(({ matched }) => !matched)).toBe(true);
  });

  it('denies input of the wrong shape instead of throwing', () => {
    const engine = CedarPolicyEngine.load(defaultBundleSource());
    const decision = engine.decide({} as PolicyInput);
    expect([decision.decision, decision.inputs]).toEqual(['deny', {}]);
    expect(decision.errors).toHaveLength(1);
  });
});

describe('any text in the input', () => {
  const engine = CedarPolicyEngine.load(defaultBundleSource());
  const text = fc.string({ unit: 'binary', maxLength: 40 });
  const optional = fc.option(text, { nil: undefined });
  const input: fc.Arbitrary<PolicyInput> = fc.record({
    tenant: text,
    agent: fc.record({ id: text, name: text }),
    mandate: fc.option(fc.record({ id: text })),
    payee: fc.record({
      id: text,
      name: optional,
      mcc: optional,
      country: optional,
      domain: optional,
    }),
    amountMinor: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    currency: text,
    captureMethod: fc.constantFrom('automatic', 'manual'),
    purpose: optional,
    now: fc.constant(ORDINARY.now),
  });

  it('is judged by the rules and never read as policy', () => {
    fc.assert(
      fc.property(input, (any) => {
        fc.pre(!['7800', '7801', '7802', '7995'].includes(any.payee.mcc ?? ''));
        fc.pre(!['4829', '6010', '6011', '6051'].includes(any.payee.mcc ?? ''));
        const decision = engine.decide(any);
        expect(decision.errors).toEqual([]);
        expect(decision.decision).toBe('allow');
        expect(JSON.parse(JSON.stringify(decision))).toEqual(decision);
      }),
    );
  });

  it('gives some decision even when times and strings are malformed', () => {
    const broken = fc.string({
      unit: fc.integer({ min: 0xd7f0, max: 0xe010 }).map((c) => String.fromCharCode(c)),
    });
    fc.assert(
      fc.property(input, broken, text, (any, currency, now) => {
        const decision = engine.decide({ ...any, currency, now });
        expect(decision.decision).toBe('deny');
        expect(decision.errors).not.toEqual([]);
      }),
    );
  });
});
