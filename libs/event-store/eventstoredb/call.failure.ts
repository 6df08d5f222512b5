/** What a failed call says about what it asked for. */
export type CallFailure =
  | { kind: 'conflict'; actual: number | 'no_stream' }
  | { kind: 'stream_deleted' | 'stream_missing' | 'too_large' | 'invalid_position' | 'refused' }
  /** Certainly not carried out; worth another try. */
  | { kind: 'not_leader' | 'not_sent' }
  /** May have been carried out, or may still be. */
  | { kind: 'doubtful' };

/** By the client's `type`, or by the number of the gRPC status where an error has none. What is not listed is doubtful. */
const KINDS: Readonly<Record<string, Exclude<CallFailure['kind'], 'conflict'>>> = {
  'stream-deleted': 'stream_deleted',
  'stream-not-found': 'stream_missing',
  'no-stream': 'stream_missing',
  'maximum-append-size-exceeded': 'too_large',
  'access-denied': 'refused',
  'invalid-argument': 'refused',
  'missing-required-metadata-property': 'refused',
  unsupported: 'refused',
  'not-leader': 'not_leader',
  'no-slot': 'not_sent',
  'deadline-exceeded': 'doubtful',
  unavailable: 'doubtful',
  cancelled: 'doubtful',
  timeout: 'doubtful',
  unknown: 'doubtful',
  1: 'doubtful',
  4: 'doubtful',
  10: 'doubtful',
  14: 'doubtful',
};

/** Only the client's own side says these, and only about calls that never had a connection. */
const NEVER_SENT =
  /^(?:14 UNAVAILABLE: (?:No connection established|Name resolution failed|Channel closed before call started)|Failed to discover after)/;
const INVALID_POSITION = /invalid ?position/i;

/** The only place that reads errors of the client. */
export function failureOf(error: unknown): CallFailure {
  const { type, code, message, actualVersion } = fieldsOf(error);
  const key = String(type ?? code);
  if (key === 'wrong-expected-version')
    return { kind: 'conflict', actual: actualOf(actualVersion) };
  if (NEVER_SENT.test(message)) return { kind: 'not_sent' };
  if (INVALID_POSITION.test(message)) return { kind: 'invalid_position' };
  return { kind: KINDS[key] ?? 'doubtful' };
}

/** Whether another try may end otherwise. */
export function isPassing({ kind }: CallFailure): boolean {
  return kind === 'doubtful' || kind === 'not_leader' || kind === 'not_sent';
}

function fieldsOf(error: unknown) {
  const fields = (typeof error === 'object' ? error : null) ?? {};
  return {
    type: 'type' in fields ? fields.type : undefined,
    code: 'code' in fields ? fields.code : undefined,
    actualVersion: 'actualVersion' in fields ? fields.actualVersion : undefined,
    message: error instanceof Error ? error.message : '',
  };
}

function actualOf(version: unknown): number | 'no_stream' {
  return typeof version === 'bigint' && version >= 0n ? Number(version) : 'no_stream';
}
