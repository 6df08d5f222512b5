import type { ProblemFacts } from '#contracts';

/** A refusal on its way to the caller; where it happened and under which trace is filled in when it is sent. */
export class ProblemException extends Error {
  readonly facts: Omit<ProblemFacts, 'instance' | 'traceId'>;

  constructor(
    code: ProblemFacts['code'],
    detail: string,
    more: Partial<Omit<ProblemFacts, 'code' | 'detail' | 'instance' | 'traceId'>> = {},
  ) {
    super(`${code}: ${detail}`);
    this.name = 'ProblemException';
    this.facts = { code, detail, ...more };
  }
}
