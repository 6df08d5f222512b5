/** A bundle as its author wrote it. */
export interface PolicyBundleSource {
  name: string;
  version: string;
  /** Cedar policies, each with `@id` and `@description`; a forbid may carry `@ask`. No templates. */
  policies: string;
  /** The schema in Cedar's own syntax. */
  schema: string;
}

/** One policy of a valid bundle. */
export interface BundlePolicy {
  id: string;
  effect: 'permit' | 'forbid';
  ask: boolean;
  description: string;
  text: string;
  /** UTF-8 byte offset of `text` within the bundle's policies. */
  offset: number;
}

/** Why a bundle is refused. Line and column count from 1, in characters; absent when the fault has no place. */
export interface BundleProblem {
  part: 'bundle' | 'schema' | 'policies';
  message: string;
  line?: number;
  column?: number;
}

/** Thrown by code that cannot go on without a valid bundle; the message lists every problem. */
export class InvalidPolicyBundleError extends Error {
  constructor(
    readonly bundle: string,
    readonly problems: readonly BundleProblem[],
  ) {
    super(`policy bundle ${bundle} is invalid: ${problems.map(describe).join('; ')}`);
    this.name = 'InvalidPolicyBundleError';
  }
}

function describe({ part, line, column, message }: BundleProblem): string {
  const place = line === undefined ? part : `${part}:${line}:${column}`;
  return `${place} ${message}`;
}
