import { printable } from './table.js';

/** Ends a command: one line on stderr, and exit status 1. */
export class CommandFailure extends Error {
  /** `facts`: what is printed instead with `--json`. */
  constructor(
    message: string,
    readonly facts: object = { code: 'failed', detail: message },
  ) {
    super(message);
    this.name = 'CommandFailure';
  }
}

/** The command was not written as it must be: exit status 2. */
export class UsageError extends Error {
  constructor(
    message: string,
    /** The words to ask `--help` of. */
    readonly about: string,
  ) {
    super(message);
    this.name = 'UsageError';
  }
}

interface Remedy {
  type: string;
  patch?: unknown;
  until?: string;
  url?: string;
}

/** An answer that is a problem (RFC 9457), as far as it is one. */
export interface ProblemBody {
  code?: string;
  detail?: string;
  remedies?: readonly Remedy[];
}

/** What a problem says, and the ways on that it names. */
export function problemFailure(problem: ProblemBody): CommandFailure {
  const { code = 'internal', detail = 'no detail was given', remedies = [] } = problem;
  const ways = remedies.map(wayOn);
  const advice = ways.length > 0 ? ` To go on: ${ways.join(', or ')}.` : '';
  return new CommandFailure(printable(`${code}: ${detail}${advice}`), problem);
}

function wayOn({ type, patch, until, url }: Remedy): string {
  if (patch !== undefined) return `change the request by ${JSON.stringify(patch)}`;
  if (until !== undefined) return `${type} until ${until}`;
  return url === undefined ? type : `${type} ${url}`;
}
