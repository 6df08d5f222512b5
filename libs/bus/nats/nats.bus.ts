import { ErrorCode, type Msg, NatsError } from 'nats';
import type { Clock } from '#platform';
import { Bus, BusError, type MessageMap, type RequestOptions } from '../bus.port.js';
import type { Addressees } from './addressees.js';
import type { NatsConnection } from './nats.connection.js';
import {
  INTERNAL_PREFIX,
  PayloadTooLargeError,
  addressed,
  decodeJson,
  encodeJson,
  errorIn,
} from './nats.wire.js';

/** How much of its time a request may spend on waiting for a lost connection: most servers are back by then. */
const CONNECT_WITHIN_MS = 1_000;
/** Beyond this, Node fires after one millisecond. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/**
 * The bus over NATS. A request is published at most once, and only on a connection that is there: what may have left this process
 * is never called `no_responder`, and what has not is never waited for.
 */
export class NatsBus<Messages extends MessageMap = MessageMap> extends Bus<Messages> {
  constructor(
    private readonly connection: NatsConnection,
    private readonly clock: Clock,
    private readonly addressees: Addressees | null = null,
  ) {
    super();
  }

  override async request<Subject extends keyof Messages & string>(
    subject: Subject,
    payload: Messages[Subject]['request'],
    { timeoutMs = 30_000 }: RequestOptions = {},
  ): Promise<Messages[Subject]['reply']> {
    const giveUpAtMs = this.clock.monotonicMs() + timeoutMs;
    const bytes = encoded(subject, payload);
    if (!(await this.connection.connectedWithin(Math.min(timeoutMs, CONNECT_WITHIN_MS))))
      throw new BusError(
        'no_responder',
        subject,
        'the connection to NATS is lost; nothing was sent',
      );
    if (bytes.length > this.connection.payloadMaxBytes)
      throw BusError.failed(subject, new PayloadTooLargeError());
    const send = (wireSubject: string) => {
      const timeout = Math.ceil(giveUpAtMs - this.clock.monotonicMs());
      const withinMs = Math.min(Math.max(1, timeout), TIMEOUT_MS_MAX);
      return this.exchange(subject, INTERNAL_PREFIX + wireSubject, bytes, withinMs);
    };
    const process = this.addressees?.choose(subject, payload) ?? null;
    const first = process === null ? null : await this.askOne(subject, process, send);
    return replyIn(subject, first ?? (await send(subject))) as Messages[Subject]['reply'];
  }

  /** Null when that process is not there: nothing happened, or, where nothing can happen, it is as if it had not been asked. */
  private async askOne(
    subject: string,
    process: string,
    send: (wireSubject: string) => Promise<Msg>,
  ): Promise<Msg | null> {
    let ended = () => {};
    let isGone = false;
    // Whoever is gone will not answer: no need to wait for the end of the request's time.
    const gone = new Promise<never>((_, reject) => {
      const lost = () => {
        isGone = true;
        reject(new BusError('timeout', subject, `${process} is gone`));
      };
      ended = this.addressees?.watch(subject, process, lost) ?? ended;
    });
    const answer = send(addressed(subject, process));
    // When the process is gone, how this one ends is of no interest any more.
    answer.catch(() => {});
    try {
      return await Promise.race([answer, gone]);
    } catch (error) {
      const changesNothing = subject.startsWith('queries.');
      if (error instanceof BusError && error.reason === 'no_responder') return null;
      if (isGone && changesNothing) return null;
      throw error;
    } finally {
      ended();
    }
  }

  private async exchange(
    subject: string,
    wireSubject: string,
    bytes: Uint8Array,
    timeout: number,
  ): Promise<Msg> {
    try {
      return await this.connection.client.request(wireSubject, bytes, { timeout });
    } catch (error) {
      const code = error instanceof NatsError ? error.code : '';
      // The server itself says that it gave it to nobody.
      if (code === ErrorCode.NoResponders) throw new BusError('no_responder', subject, '');
      // Also of a connection that was closed meanwhile: the request may have been on its way.
      if (code === ErrorCode.Timeout) throw new BusError('timeout', subject, '');
      // A refused publication comes without the request it is about, so it proves nothing about this one.
      throw BusError.failed(subject, error);
    }
  }
}

function encoded(subject: string, payload: unknown): Uint8Array {
  try {
    return encodeJson(payload);
  } catch (error) {
    throw BusError.failed(subject, error);
  }
}

function replyIn(subject: string, { headers, data }: Msg): unknown {
  const error = errorIn(headers);
  if (error) throw new BusError('failed', subject, error.detail, error.name);
  try {
    return decodeJson(data);
  } catch (unreadable) {
    throw BusError.failed(subject, unreadable);
  }
}
