import { describe, expect, it } from 'vitest';
import { CallError } from './call.error.js';
import { failureOf, isPassing } from './call.failure.js';

/** As the client throws them: a type, or only the number of a gRPC status. */
const errorWith = (fields: { type?: string; code?: number; message?: string }) =>
  Object.assign(new Error(fields.message ?? 'it failed'), fields);

describe('a failed call', () => {
  it.each([
    ['stream-deleted', 'stream_deleted'],
    ['stream-not-found', 'stream_missing'],
    ['no-stream', 'stream_missing'],
    ['maximum-append-size-exceeded', 'too_large'],
    ['access-denied', 'refused'],
    ['invalid-argument', 'refused'],
    ['missing-required-metadata-property', 'refused'],
    ['unsupported', 'refused'],
    ['not-leader', 'not_leader'],
    ['no-slot', 'not_sent'],
    ['deadline-exceeded', 'doubtful'],
    ['unavailable', 'doubtful'],
    ['cancelled', 'doubtful'],
    ['timeout', 'doubtful'],
    ['unknown', 'doubtful'],
    ['something-new', 'doubtful'],
  ])('of the type %s is %s', (type, kind) => {
    expect(failureOf(errorWith({ type })).kind).toBe(kind);
  });

  it.each([
    [1, 'doubtful'],
    [4, 'doubtful'],
    [10, 'doubtful'],
    [14, 'doubtful'],
    [13, 'doubtful'],
  ])('without a type and with the status %i is %s', (code, kind) => {
    expect(failureOf(errorWith({ code })).kind).toBe(kind);
  });

  it.each([
    '14 UNAVAILABLE: No connection established. Last error: connect ECONNREFUSED 127.0.0.1:2113.',
    '14 UNAVAILABLE: Name resolution failed for target dns:nowhere.invalid:2113',
    '14 UNAVAILABLE: Channel closed before call started',
    'Failed to discover after 10 attempts.',
  ])('was certainly not sent when it says "%s"', (message) => {
    expect(failureOf(errorWith({ type: 'unavailable', code: 14, message })).kind).toBe('not_sent');
    expect(failureOf(errorWith({ code: 14, message })).kind).toBe('not_sent');
  });

  it.each([
    '14 UNAVAILABLE: Connection dropped',
    '14 UNAVAILABLE: Server Is Not Ready',
    'Could not recognize Server Is Not Ready',
    '1 CANCELLED: No connection established',
  ])('may have been carried out when it says "%s"', (message) => {
    expect(failureOf(errorWith({ type: 'unknown', message })).kind).toBe('doubtful');
  });

  it.each([
    '2 UNKNOWN: Unexpected ReadAllResult: InvalidPosition',
    '3 INVALID_ARGUMENT: Trying to read from an invalid position.',
  ])('is about a position that is none when it says "%s"', (message) => {
    expect(failureOf(errorWith({ type: 'unknown', message })).kind).toBe('invalid_position');
  });

  it.each([
    [7n, 7],
    [-1n, 'no_stream'],
    ['no_stream', 'no_stream'],
  ])('that expected another revision than %s names the actual one', (actualVersion, actual) => {
    const error = Object.assign(errorWith({ type: 'wrong-expected-version' }), { actualVersion });
    expect(failureOf(error)).toEqual({ kind: 'conflict', actual });
  });

  it('of ours is told by the same words, and what is no error at all is doubtful', () => {
    expect(failureOf(new CallError('no-slot', 'full')).kind).toBe('not_sent');
    expect(failureOf(new CallError('wrong-expected-version', 'other', 3n))).toEqual({
      kind: 'conflict',
      actual: 3,
    });
    for (const nothing of [undefined, null, 'a text', {}]) {
      expect(failureOf(nothing).kind).toBe('doubtful');
    }
  });

  it('is worth another try when it is doubtful, was not sent, or met the wrong node', () => {
    const passing = ['doubtful', 'not_sent', 'not_leader'] as const;
    expect(passing.every((kind) => isPassing({ kind }))).toBe(true);
    const final = ['stream_deleted', 'stream_missing', 'too_large', 'refused'] as const;
    expect(final.some((kind) => isPassing({ kind }))).toBe(false);
    expect(isPassing({ kind: 'conflict', actual: 1 })).toBe(false);
  });
});
