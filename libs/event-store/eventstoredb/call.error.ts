/** A failure that the client did not report, with the client's own word for it. */
export class CallError extends Error {
  constructor(
    readonly type: 'deadline-exceeded' | 'no-slot' | 'unknown' | 'wrong-expected-version',
    message: string,
    /** Of a wrong expected version: the stream's last revision, negative when there is none. */
    readonly actualVersion?: bigint,
  ) {
    super(message);
    this.name = 'CallError';
  }
}
