import './v8.flags.js';
import { createHash } from 'node:crypto';
import {
  preparsePolicySet,
  preparseSchema,
  statefulIsAuthorized,
} from '@cedar-policy/cedar-wasm/nodejs';
import type { CheckParseAnswer } from '@cedar-policy/cedar-wasm/nodejs';
import { toCedarRequest } from './cedar-request.mapping.js';
import type { CedarRequest } from './cedar-request.mapping.js';
import { InvalidPolicyBundleError } from './policy-bundle.js';
import type { BundlePolicy, PolicyBundleSource } from './policy-bundle.js';
import { parseBundle } from './policy-bundle.parser.js';
import { PolicyEngine } from './policy.port.js';
import type { PolicyDecision, PolicyInput } from './policy.port.js';

/** What one call to Cedar found out: the decisive policies and those that could not be evaluated. */
interface Finding {
  allowed: boolean;
  reason: ReadonlySet<string>;
  errored: ReadonlySet<string>;
  errors: string[];
}

const NOTHING: Finding = {
  allowed: false,
  reason: new Set(),
  errored: new Set(),
  errors: [],
};

export class CedarPolicyEngine extends PolicyEngine {
  private constructor(
    readonly bundle: string,
    private readonly policies: readonly BundlePolicy[],
    private readonly cacheKey: string,
  ) {
    super();
  }

  /**
   * Validates the bundle and parses it once.
   *
   * Cedar keeps what is parsed for the life of the process under a key; the key is the content's hash, so loading a bundle
   * again costs nothing and no bundle can replace another.
   *
   * @throws InvalidPolicyBundleError with every problem and its position.
   */
  static load(source: PolicyBundleSource): CedarPolicyEngine {
    const parsed = parseBundle(source);
    const name = `${source.name}@${source.version}`;
    if (!parsed.ok) throw new InvalidPolicyBundleError(name, parsed.problems);
    const hash = createHash('sha256')
      .update(JSON.stringify([source.name, source.version, source.schema, source.policies]))
      .digest('hex');
    const permits = parsed.policies.filter(({ effect }) => effect === 'permit');
    const answers = [
      preparseSchema(hash, source.schema),
      preparsePolicySet(`${hash}/all`, { staticPolicies: textsById(parsed.policies) }),
      preparsePolicySet(`${hash}/permits`, { staticPolicies: textsById(permits) }),
    ];
    const problems = [...answers.flatMap(failuresOf), ...mismatches(hash)];
    if (problems.length > 0) throw new InvalidPolicyBundleError(name, problems);
    return new CedarPolicyEngine(`${name}+${hash.slice(0, 12)}`, parsed.policies, hash);
  }

  decide(input: PolicyInput): PolicyDecision {
    try {
      const request = toCedarRequest(input);
      return this.judge(request);
    } catch (error) {
      return this.decision('deny', NOTHING, new Set(), {}, [messageOf(error)]);
    }
  }

  private judge(request: CedarRequest): PolicyDecision {
    const all = this.evaluate('all', request);
    // Cedar names every satisfied forbid, or else every satisfied permit: only after a forbid must the permits be asked for.
    const forbidden = !all.allowed && all.reason.size > 0;
    const permits = forbidden ? this.evaluate('permits', request) : all;
    const matched = new Set([...all.reason, ...permits.reason]);
    const errors = [...new Set([...all.errors, ...permits.errors])];
    const refused = this.policies.some(
      ({ id, effect, ask }) => effect === 'forbid' && !ask && matched.has(id),
    );
    const denied = errors.length > 0 || refused || !permits.allowed;
    const outcome = denied ? 'deny' : forbidden ? 'ask' : 'allow';
    return this.decision(outcome, all, matched, request, errors);
  }

  private evaluate(set: 'all' | 'permits', request: CedarRequest): Finding {
    try {
      const answer = statefulIsAuthorized({
        ...request,
        preparsedPolicySetId: `${this.cacheKey}/${set}`,
      });
      if (answer.type === 'failure') {
        return { ...NOTHING, errors: answer.errors.map(({ message }) => message) };
      }
      const { decision, diagnostics } = answer.response;
      return {
        allowed: decision === 'allow',
        reason: new Set(diagnostics.reason),
        errored: new Set(diagnostics.errors.map(({ policyId }) => policyId)),
        errors: diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`),
      };
    } catch (error) {
      return { ...NOTHING, errors: [messageOf(error)] };
    }
  }

  private decision(
    outcome: PolicyDecision['decision'],
    { errored }: Finding,
    matched: ReadonlySet<string>,
    inputs: PolicyDecision['inputs'],
    errors: string[],
  ): PolicyDecision {
    const decided = (policy: BundlePolicy): boolean => {
      if (errored.has(policy.id)) return true;
      if (!matched.has(policy.id)) return false;
      if (outcome === 'allow') return policy.effect === 'permit';
      return policy.effect === 'forbid' && policy.ask === (outcome === 'ask');
    };
    return {
      decision: outcome,
      bundle: this.bundle,
      determining: this.policies.filter(decided).map(({ id }) => id),
      evaluated: this.policies.map(({ id, effect, ask, description }) => ({
        id,
        effect,
        ask,
        description,
        matched: matched.has(id),
      })),
      errors,
      inputs,
    };
  }
}

/** Everything a payment can bring, to hold it against a bundle's schema once instead of with every payment. */
const FULL_REQUEST = toCedarRequest({
  tenant: 'tnt',
  agent: { id: 'agt', name: 'agent' },
  mandate: { id: 'mnd' },
  payee: { id: 'payee', name: 'Payee', mcc: '0000', country: 'US', domain: 'payee.example' },
  amountMinor: 1,
  currency: 'USD',
  captureMethod: 'automatic',
  purpose: 'purpose',
  now: '2026-01-01T00:00:00Z',
});

/** Where the schema wants something else than what payments bring. */
function mismatches(cacheKey: string): { part: 'bundle'; message: string }[] {
  const answer = statefulIsAuthorized({
    ...FULL_REQUEST,
    preparsedPolicySetId: `${cacheKey}/all`,
    preparsedSchemaName: cacheKey,
    validateRequest: true,
  });
  return answer.type === 'failure'
    ? answer.errors.map(({ message }) => ({ part: 'bundle', message }))
    : [];
}

function textsById(policies: readonly BundlePolicy[]): Record<string, string> {
  return Object.fromEntries(policies.map(({ id, text }) => [id, text]));
}

function failuresOf(answer: CheckParseAnswer): { part: 'bundle'; message: string }[] {
  if (answer.type === 'success') return [];
  return answer.errors.map(({ message }) => ({ part: 'bundle', message }));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the evaluation failed';
}
