import type { ReservationOperation, ReservationOutcome } from '#domain';
import { type HttpResponse, HttpTransportError } from '#platform';

/** Pure: what the answers of a reservation service mean. */

/** What proves each step done. A reserve that is repeated may find its reservation confirmed already. */
const DONE: Record<ReservationOperation, readonly string[]> = {
  reserve: ['reserved', 'confirmed'],
  confirm: ['confirmed'],
  release: ['released'],
};

/** `key`: of the reservation that was asked about. */
export function reservationOutcomeOf(
  operation: ReservationOperation,
  key: string,
  { status, body }: HttpResponse,
): ReservationOutcome {
  const answer = parseJson(body);
  if (status >= 200 && status < 300) return outcomeOfSuccess(operation, key, answer);
  const error = errorOf(answer);
  if (error && (status === 409 || status === 422)) return { kind: 'refused', ...error };
  return unknown(error && error.code !== OTHER ? `http_${status}:${error.code}` : `http_${status}`);
}

export function reservationOutcomeOfError(error: unknown): ReservationOutcome {
  return unknown(error instanceof HttpTransportError ? error.evidence : 'provider_failed');
}

function outcomeOfSuccess(
  operation: ReservationOperation,
  key: string,
  answer: unknown,
): ReservationOutcome {
  if (!isObject(answer) || !isReference(answer['id'])) return unknown('unreadable_answer');
  if (answer['key'] !== key) return unknown('echo_mismatch');
  return DONE[operation].some((status) => status === answer['status'])
    ? { kind: 'done', reference: answer['id'] }
    : unknown('unexpected_status');
}

const OTHER = 'other';
const CODE = /^[a-z0-9_]{1,64}$/;

/** Codes reach the audit and what agents branch on, so they are words and nothing else. */
function errorOf(answer: unknown): { code: string; message?: string } | undefined {
  if (!isObject(answer) || !isObject(answer['error'])) return undefined;
  const { code, message } = answer['error'];
  if (typeof code !== 'string') return undefined;
  return {
    code: CODE.test(code) ? code : OTHER,
    ...(typeof message === 'string' && { message }),
  };
}

const isReference = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]{1,100}$/.test(value);

const unknown = (evidence: string): ReservationOutcome => ({ kind: 'unknown', evidence });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
