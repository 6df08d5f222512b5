import { expect } from 'vitest';
import type { MoneyState, Problem } from './contract.types.js';
import type { Answer } from './http.client.js';
import { PROBLEM_CODES } from './problem-codes.js';

export interface ExpectedProblem {
  /** Several where the contract leaves open which of them it is. */
  code: string | readonly string[];
  money_state?: MoneyState;
}

/** Checks that an answer is a problem of that code, complete and in agreement with itself, and gives it. */
export function expectProblem(answer: Answer, expected: ExpectedProblem): Problem {
  const text = answer.bytes.toString('utf8');
  expect(answer.headers['content-type'], text).toMatch(/^application\/problem\+json/);
  const problem = answer.body as Problem;
  expect([expected.code].flat(), text).toContain(problem.code);

  const listed = PROBLEM_CODES.get(problem.code);
  expect(answer.status, text).toBe(listed?.status);
  expect(problem).toMatchObject({
    type: `https://bursar.dev/problems/${problem.code}`,
    status: answer.status,
    category: listed?.category,
    instance: expect.stringMatching(/^\//),
    retry: { retryable: expect.any(Boolean), same_key: expect.any(Boolean) },
    trace_id: expect.stringMatching(/./),
  });
  expect(problem.title.length, text).toBeGreaterThan(0);
  expect(problem.detail.length, text).toBeGreaterThan(0);
  expect(problem.detail, 'no stack trace leaks').not.toMatch(/\n\s+at /);
  if (expected.money_state) expect(problem.money_state, text).toBe(expected.money_state);

  const afterMs = problem.retry.after_ms;
  if (typeof afterMs === 'number' && afterMs > 0) {
    expect(answer.headers['retry-after']).toBe(String(Math.ceil(afterMs / 1000)));
  } else {
    expect([undefined, '0']).toContain(answer.headers['retry-after']);
  }
  return problem;
}

/** The JSON pointers that a problem blames. */
export function pointersOf(problem: Problem): string[] {
  return (problem.violations ?? []).map(({ pointer }) => pointer);
}
