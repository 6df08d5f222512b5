/** What can be asked on the bus: subject → request and reply, both plain JSON. */
export type MessageMap = Record<string, { request: unknown; reply: unknown }>;

export interface RequestOptions {
  /** How long to wait for the reply; default 30 s. */
  timeoutMs?: number;
}

/**
 * Request and reply between processes. At most once, and nothing is kept: whatever must not be lost is re-driven from the
 * log. Everything travels as JSON, in one process too, so that what works embedded works distributed.
 */
export abstract class Bus<Messages extends MessageMap = MessageMap> {
  /** @throws BusError */
  abstract request<Subject extends keyof Messages & string>(
    subject: Subject,
    payload: Messages[Subject]['request'],
    options?: RequestOptions,
  ): Promise<Messages[Subject]['reply']>;
}

/**
 * `no_responder`: nobody listens, nothing happened. `timeout`: nobody answered in time, anything may have happened.
 * `failed`: the responder threw, or the message could not be carried or read, and anything may have happened; `errorName` is the
 * name of what was thrown, `detail` is for logs, never for agents.
 */
export class BusError extends Error {
  constructor(
    readonly reason: 'no_responder' | 'timeout' | 'failed',
    readonly subject: string,
    detail: string,
    readonly errorName: string | null = null,
  ) {
    super(`${subject}: ${reason}${detail ? `: ${detail}` : ''}`);
    this.name = 'BusError';
  }

  static failed(subject: string, thrown: unknown): BusError {
    const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
    return new BusError('failed', subject, message, name);
  }
}
