import { Refusal, type Answer } from './json-http.js';

interface Entry {
  fingerprint: string;
  answer: Answer | undefined;
}

/**
 * Remembers what each key was used for, for as long as the sandbox runs. Only what was executed is kept: a success and a
 * decline replay for ever, a refusal leaves the key unused.
 */
export class IdempotencyKeys {
  private readonly entries = new Map<string, Entry>();

  /** The stored answer, or `undefined` when the caller is the first and must end with `finish` or `abandon`. */
  begin(key: string, fingerprint: string): Answer | undefined {
    const entry = this.entries.get(key);
    if (!entry) {
      this.entries.set(key, { fingerprint, answer: undefined });
      return undefined;
    }
    if (entry.fingerprint !== fingerprint) {
      throw new Refusal(400, 'idempotency_key_reused', 'The key belongs to another request.');
    }
    if (!entry.answer) {
      throw new Refusal(409, 'idempotency_key_in_use', 'The first request is still running.');
    }
    return entry.answer;
  }

  finish(key: string, answer: Answer): void {
    const entry = this.entries.get(key);
    if (entry) entry.answer = answer;
  }

  abandon(key: string): void {
    this.entries.delete(key);
  }
}

/** Reads the `Idempotency-Key` header: 1 to 255 printable ASCII characters. */
export function idempotencyKeyOf(header: string | string[] | undefined): string {
  if (typeof header === 'string' && /^[\x20-\x7e]{1,255}$/.test(header)) return header;
  throw new Refusal(
    400,
    header === undefined ? 'idempotency_key_required' : 'idempotency_key_invalid',
    'Every POST needs an Idempotency-Key of 1 to 255 printable ASCII characters.',
  );
}
