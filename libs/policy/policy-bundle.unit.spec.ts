import { describe, expect, it } from 'vitest';
import { CedarPolicyEngine } from './cedar-policy.engine.js';
import { defaultBundleSource } from './default-bundle.js';
import type { PolicyBundleSource } from './policy-bundle.js';
import { InvalidPolicyBundleError } from './policy-bundle.js';
import { parseBundle } from './policy-bundle.parser.js';

const bundle = (change: Partial<PolicyBundleSource>): PolicyBundleSource => ({
  ...defaultBundleSource(),
  ...change,
});
const problemsOf = (change: Partial<PolicyBundleSource>) => {
  const parsed = parseBundle(bundle(change));
  return parsed.ok ? [] : parsed.problems;
};
const RULE = '@id("a") @description("é")\npermit (principal, action, resource)';

describe('loading a bundle', () => {
  it('keeps more than ten policies in the order in which they are written', () => {
    const ids = Array.from({ length: 12 }, (_, i) => `p${i}`);
    const policies = ids.map((id) => RULE.replace('"a"', `"${id}"`) + ';').join('\n// é\n');
    const parsed = parseBundle(bundle({ policies }));
    expect(parsed.ok && parsed.policies.map(({ id }) => id)).toEqual(ids);
  });

  it('labels equal content equally and different content differently', () => {
    const label = (change: Partial<PolicyBundleSource>) =>
      CedarPolicyEngine.load(bundle(change)).bundle;
    expect(label({})).toBe(label({}));
    const policies = `${defaultBundleSource().policies}\n`;
    expect(label({ policies })).not.toBe(label({}));
    expect(label({ policies }).split('+')[0]).toBe('default@1.0.0');
  });

  it('does not disturb an engine loaded before with the same name and version', () => {
    const before = CedarPolicyEngine.load(bundle({}));
    CedarPolicyEngine.load(bundle({ policies: `${RULE} when { context.amountMinor < 1 };` }));
    const decision = before.decide({
      tenant: 't',
      agent: { id: 'a', name: 'A' },
      mandate: null,
      payee: { id: 'p' },
      amountMinor: 4200,
      currency: 'USD',
      captureMethod: 'manual',
      now: '2026-03-01T12:00:00Z',
    });
    expect(decision.determining).toEqual(['small-purchases']);
  });

  it('throws one error that lists every problem with its place', () => {
    const load = () => CedarPolicyEngine.load(bundle({ policies: `\n  ${RULE} whn { true };` }));
    expect(load).toThrow(InvalidPolicyBundleError);
    expect(load).toThrow(/^policy bundle default@1\.0\.0 is invalid: policies:3:38 .*whn/);
  });
});

describe('an invalid bundle is refused', () => {
  it('for a syntax error in a policy, with line and column in characters', () => {
    expect(problemsOf({ policies: `// é\n${RULE} when { "é" == };` })).toMatchObject([
      { part: 'policies', line: 3, column: 52 },
    ]);
  });

  it('for a syntax error in the schema', () => {
    expect(problemsOf({ schema: 'entity Agent;\nentity Payee = { name: };' })).toMatchObject([
      { part: 'schema', line: 2, column: 24 },
    ]);
  });

  it('for an attribute that the schema does not know, naming the policy by its id', () => {
    const policies = `// é\n${RULE};\n${RULE.replace('"a"', '"b"')} when { context.amount > 1 };`;
    expect(problemsOf({ policies })).toEqual([
      {
        part: 'policies',
        line: 5,
        column: 45,
        message: expect.stringMatching(/policy `b`.*`amount`/) as string,
      },
    ]);
  });

  it('for an optional attribute that is used without a check', () => {
    const [problem] = problemsOf({ policies: `${RULE} when { resource.mcc == "7995" };` });
    expect(problem).toMatchObject({ part: 'policies', line: 2 });
  });

  it('for a policy that can never match', () => {
    const [problem] = problemsOf({
      policies: `${RULE} when { context.amountMinor < 1 && false };`,
    });
    expect(problem).toMatchObject({ part: 'policies', line: 1 });
    expect(problem?.message).toContain('impossible');
  });

  it.each([
    ['no policy at all', '// nothing', 'there is no policy'],
    ['a policy without an id', RULE.replace('@id("a")', '') + ';', '@id is missing'],
    ['an id with spaces', RULE.replace('"a"', '"a b"') + ';', '@id is missing or does not match'],
    ['an id used twice', `${RULE};\n${RULE};`, '@id "a" is used twice'],
    ['a missing description', RULE.replace('"é"', '" "') + ';', '@description is missing'],
    ['asking by a permit', `@ask ${RULE};`, '@ask belongs on a forbid'],
    ['a template', RULE.replace('principal', 'principal == ?principal') + ';', 'template'],
  ])('for %s', (_what, policies, message) => {
    expect(problemsOf({ policies })).toMatchObject([{ message: expect.stringContaining(message) }]);
  });

  it('for an id used twice, at the second use', () => {
    expect(problemsOf({ policies: `${RULE};\n\n ${RULE};` })).toMatchObject([
      { line: 4, column: 2 },
    ]);
  });

  it('for a name or version that would make the label ambiguous', () => {
    expect(problemsOf({ name: 'a@b', version: '1+2' })).toMatchObject([
      { part: 'bundle' },
      { part: 'bundle' },
    ]);
  });
});
