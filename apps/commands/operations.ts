import { type Answer, type Call, type ProblemCode, answer } from '#contracts';
import type { Answers } from '#domain';
import type { Told } from '#runtime';
import { keyReused, operationId, refuse, storeTrouble } from './calls.js';

export type Outcome = Told<
  unknown,
  { answers: Answers },
  ProblemCode,
  { pointers: readonly string[] }
>;

const DETAILS: Partial<Record<ProblemCode, string>> = {
  not_found: 'There is no such resource.',
  invalid_transition: 'This is not possible in the present state.',
  mandate_revoked: 'The mandate is revoked already.',
};

/** Runs a caller's operation on an aggregate and answers with what is recorded under its id, the first time and later. */
export async function concludedOperation(
  call: Call,
  execute: () => Promise<Outcome>,
): Promise<Answer> {
  try {
    const told = await execute();
    if (!told.ok && told.code === 'idempotency_key_reused')
      return keyReused(call, told.details.pointers);
    if (!told.ok) return refuse(call, told.code, DETAILS[told.code] ?? told.code);
    const recorded = told.state.answers.get(operationId(call));
    if (!recorded) throw new Error(`operation ${operationId(call)} left no answer`);
    const replayed = told.events.length === 0;
    return answer(recorded, { replayed });
  } catch (error) {
    return storeTrouble(call, error);
  }
}
