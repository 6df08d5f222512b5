import type { Answer } from '../../support/http.client.js';
import { PROBLEM_CODES } from '../../support/problem-codes.js';
import { expectProblem } from '../../support/problem.matcher.js';
import { operationAt, pathOf, type Operation } from './openapi.reader.js';

/** What a request is, as far as its answer depends on it. */
export interface Asked {
  method: string;
  target: string;
  /** Whether it is one that no operation may accept. */
  isSpoilt: boolean;
}

/** Served beside the documented operations, to everybody on this machine. */
const PROCESS_PATHS = /^\/(?:healthz|readyz|metrics|openapi\.json|docs(?:\/.*)?)$/;
const REFUSALS = [...PROBLEM_CODES].filter(([, { status }]) => status < 500).map(([code]) => code);

/** What is wrong with an answer by the document the server gives of itself, or null. */
export function faultOf(answer: Answer, asked: Asked, operations: readonly Operation[]) {
  const operation = operationAt(operations, asked.method, asked.target);
  const { status } = answer;
  if (status >= 400) {
    if (!operation) return problemFault(answer, asked.method, REFUSALS);
    const codes = operation.answers.get(status);
    if (!codes) return `${status} is not documented for ${nameOf(operation)}`;
    return problemFault(
      answer,
      asked.method,
      codes.filter((code) => code !== 'internal'),
    );
  }
  if (!operation) {
    return PROCESS_PATHS.test(pathOf(asked.target)) ? null : `${status} for what is not documented`;
  }
  if (asked.isSpoilt && operation.body) return `${status} for a body that no operation takes`;
  if (!operation.answers.has(status)) return `${status} is not documented for ${nameOf(operation)}`;
  if (asked.method !== 'HEAD' && answer.body === undefined) return 'the answer is not JSON';
  return null;
}

/** What is wrong with an answer to what is no request, or null. */
export function faultOfRefusal(answer: Answer): string | null {
  return answer.status < 400 ? null : problemFault(answer, 'GET', REFUSALS);
}

function problemFault(answer: Answer, method: string, codes: readonly string[]): string | null {
  if (method === 'HEAD') return null;
  try {
    expectProblem(answer, { code: codes });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function nameOf({ method, path }: Operation): string {
  return `${method} ${path}`;
}
