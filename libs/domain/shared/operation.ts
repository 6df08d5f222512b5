import { type JsonRecord, differingPointers } from './json.js';

/** One command of a person or an agent on an aggregate: how it is recognised when it comes again, and what it is answered. */
export interface Operation {
  /** Derived from the idempotency key, as a payment's id is. */
  readonly id: string;
  readonly request: JsonRecord;
  readonly status: number;
  /** The exact bytes of the answer; secrets are left out and filled in when it is sent. */
  readonly body: string;
}

export interface OperationConcluded {
  type: 'OperationConcluded';
  data: { operation: string; request: JsonRecord; status: number; body: string; at: string };
}

/** What each operation was answered, by its id. Kept for ever: keys never expire. */
export type Answers = Map<string, { request: JsonRecord; status: number; body: string }>;

export function concluded(operation: Operation, at: string): OperationConcluded {
  const { id, request, status, body } = operation;
  return { type: 'OperationConcluded', data: { operation: id, request, status, body, at } };
}

export function remember(answers: Answers, { data }: OperationConcluded): void {
  const { operation, request, status, body } = data;
  answers.set(operation, { request, status, body });
}

/** Null for an operation never seen; otherwise where its request differs from the first one's (nowhere: a repeat). */
export function repeatedOperation(answers: Answers, operation: Operation): string[] | null {
  const earlier = answers.get(operation.id);
  return earlier ? differingPointers(operation.request, earlier.request) : null;
}

/** An answer as a snapshot holds it. */
export type SavedAnswer = readonly [operation: string, JsonRecord, status: number, body: string];

export function saveAnswers(answers: Answers): SavedAnswer[] {
  return Array.from(answers, ([id, { request, status, body }]) => [id, request, status, body]);
}

export function restoreAnswers(saved: readonly SavedAnswer[]): Answers {
  return new Map(saved.map(([id, request, status, body]) => [id, { request, status, body }]));
}
