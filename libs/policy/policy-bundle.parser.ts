import {
  checkParsePolicySet,
  checkParseSchema,
  policySetTextToParts,
  policyToJson,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs';
import type { DetailedError } from '@cedar-policy/cedar-wasm/nodejs';
import type { BundlePolicy, BundleProblem, PolicyBundleSource } from './policy-bundle.js';
import { positionAt } from './source-position.js';

export type ParsedBundle =
  { ok: true; policies: BundlePolicy[] } | { ok: false; problems: BundleProblem[] };

const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const VERSION = /^[0-9A-Za-z][0-9A-Za-z.-]{0,31}$/;

/**
 * Checks a bundle completely: names, syntax, ids, and the policies against the schema in strict mode. Validation
 * warnings refuse it too, because a forbid that can never match protects nobody.
 */
export function parseBundle(source: PolicyBundleSource): ParsedBundle {
  try {
    const faults = [...nameProblems(source), ...syntaxProblems(source)];
    if (faults.length > 0) return { ok: false, problems: faults };
    const policies = splitPolicies(source.policies);
    const wrong = [...policyProblems(source.policies, policies)];
    if (wrong.length > 0) return { ok: false, problems: wrong };
    const invalid = validationProblems(source, policies);
    return invalid.length > 0 ? { ok: false, problems: invalid } : { ok: true, policies };
  } catch (error) {
    return { ok: false, problems: [{ part: 'bundle', message: String(error) }] };
  }
}

function nameProblems({ name, version }: PolicyBundleSource): BundleProblem[] {
  const problems: BundleProblem[] = [];
  if (!NAME.test(name)) problems.push({ part: 'bundle', message: `name does not match ${NAME}` });
  if (!VERSION.test(version)) {
    problems.push({ part: 'bundle', message: `version does not match ${VERSION}` });
  }
  return problems;
}

function syntaxProblems(source: PolicyBundleSource): BundleProblem[] {
  const schema = checkParseSchema(source.schema);
  const policies = checkParsePolicySet({ staticPolicies: source.policies });
  return [
    ...(schema.type === 'failure' ? schema.errors : []).map((e) =>
      problemOf('schema', source.schema, e),
    ),
    ...(policies.type === 'failure' ? policies.errors : []).map((e) =>
      problemOf('policies', source.policies, e),
    ),
  ];
}

/** The policies in the order in which they are written. */
function splitPolicies(text: string): BundlePolicy[] {
  const parts = policySetTextToParts(text);
  if (parts.type === 'failure') return [];
  const seen = new Map<string, number>();
  const policies = parts.policies.map((part): BundlePolicy => {
    // Policies written twice word for word are two policies, so the search goes on behind the last one.
    const at = text.indexOf(part, seen.get(part) ?? 0);
    seen.set(part, at + 1);
    const answer = policyToJson(part);
    if (answer.type === 'failure') throw new Error(answer.errors.map((e) => e.message).join('; '));
    const annotations = answer.json.annotations ?? {};
    return {
      id: annotations['id'] ?? '',
      effect: answer.json.effect,
      ask: 'ask' in annotations,
      description: (annotations['description'] ?? '').trim(),
      text: part,
      offset: Buffer.byteLength(text.slice(0, Math.max(at, 0)), 'utf8'),
    };
  });
  return policies.toSorted((a, b) => a.offset - b.offset);
}

function* policyProblems(text: string, policies: BundlePolicy[]): Generator<BundleProblem> {
  if (policies.length === 0) yield { part: 'policies', message: 'there is no policy' };
  const ids = new Set<string>();
  for (const { id, effect, ask, description, offset } of policies) {
    const at = { part: 'policies' as const, ...positionAt(text, offset) };
    if (!NAME.test(id)) yield { ...at, message: `@id is missing or does not match ${NAME}` };
    else if (ids.has(id)) yield { ...at, message: `@id "${id}" is used twice` };
    if (description === '') yield { ...at, message: '@description is missing' };
    if (ask && effect === 'permit') yield { ...at, message: '@ask belongs on a forbid' };
    ids.add(id);
  }
}

function validationProblems(source: PolicyBundleSource, policies: BundlePolicy[]): BundleProblem[] {
  const answer = validate({
    schema: source.schema,
    policies: { staticPolicies: Object.fromEntries(policies.map(({ id, text }) => [id, text])) },
    validationSettings: { mode: 'strict' },
  });
  if (answer.type === 'failure') {
    return [...answer.errors, ...answer.warnings].map((e) => problemOf('bundle', '', e));
  }
  const offsets = new Map(policies.map(({ id, offset }) => [id, offset]));
  return [
    ...[...answer.validationErrors, ...answer.validationWarnings].map(({ policyId, error }) =>
      problemOf('policies', source.policies, error, offsets.get(policyId)),
    ),
    ...answer.otherWarnings.map((warning) => problemOf('schema', source.schema, warning)),
  ];
}

function problemOf(
  part: BundleProblem['part'],
  text: string,
  error: DetailedError,
  offset = 0,
): BundleProblem {
  const location = error.sourceLocations?.[0];
  return {
    part,
    message: error.help ? `${error.message} (${error.help})` : error.message,
    ...(location && positionAt(text, offset + location.start)),
  };
}
