import {
  type JetStreamManager,
  NatsError,
  type PubAck,
  RetentionPolicy,
  StorageType,
  headers,
  nanos,
} from 'nats';
import { Publication, type PublicationEnd, type PublishedMessage } from '#platform';
import type { NatsConnection } from './nats.connection.js';

export interface NatsPublicationOptions {
  stream: string;
  /** All that it holds. */
  subjects: string;
  /** Copies on different servers; default 1. */
  replicas?: number;
}

const POSITION = 'Bursar-Position';
const MESSAGE_ID = 'Nats-Msg-Id';
/** A server that has no JetStream may not answer at all. */
const ANSWER_WITHIN_MS = 5_000;
const CONNECT_WITHIN_MS = 1_000;
/** Within it, the server itself knows a message that comes again; beyond it, only the order that is asked for keeps it out. */
const DUPLICATE_WINDOW_MS = 120_000;
const STREAM_NOT_FOUND = 10_059;
const MESSAGE_NOT_FOUND = 10_037;
const WRONG_LAST_SEQUENCE = 10_071;

/**
 * A stream of JetStream. Each message asks to be the next one after the one that its sender knows to be the last, so that of several
 * senders one wins each place, and nothing is left out or comes twice.
 */
export class NatsPublication extends Publication {
  constructor(
    private readonly connection: NatsConnection,
    private readonly options: NatsPublicationOptions,
  ) {
    super();
  }

  async end(): Promise<PublicationEnd> {
    const { stream, subjects } = this.options;
    await this.connected();
    const manager = await this.connection.client.jetstreamManager({
      timeout: ANSWER_WITHIN_MS,
      checkAPI: false,
    });
    const { state } = await this.infoOf(manager);
    const last = await missing(
      MESSAGE_NOT_FOUND,
      manager.streams.getMessage(stream, { last_by_subj: subjects }),
    );
    if (!last) return { sequence: state.last_seq, last: null };
    const [id, position] = [last.header.get(MESSAGE_ID), last.header.get(POSITION)];
    if (id === '' || !/^\d{1,16}$/.test(position))
      throw new Error(`message ${last.seq} of ${stream} is none of ours`);
    // Somebody may have appended between the two answers.
    const sequence = Math.max(state.last_seq, last.seq);
    return { sequence, last: { id, position: Number(position) } };
  }

  async append(after: number, messages: readonly PublishedMessage[]): Promise<boolean> {
    await this.connected();
    const client = this.connection.client.jetstream({ timeout: ANSWER_WITHIN_MS });
    const { stream: streamName } = this.options;
    // All at once: where one is refused, all behind it are.
    const answers = await Promise.allSettled(
      messages.map(({ id: msgID, subject, body, position }, index) => {
        const named = headers();
        named.set(POSITION, String(position));
        const expect = { streamName, lastSequence: after + index };
        return client.publish(subject, body, { msgID, expect, headers: named });
      }),
    );
    const failed = answers.find((answer) => !isAppended(answer));
    if (failed?.status === 'rejected' && errorCode(failed.reason) !== WRONG_LAST_SEQUENCE)
      throw failed.reason;
    return failed === undefined;
  }

  /** What the client publishes on a lost connection is kept and sent later, when nobody waits for it any more. */
  private async connected(): Promise<void> {
    if (!(await this.connection.connectedWithin(CONNECT_WITHIN_MS)))
      throw new Error('the connection to NATS is lost');
  }

  /** One that is there already is taken as it is: whoever made it may have set limits. */
  private async infoOf(manager: JetStreamManager) {
    const { stream: name, subjects, replicas = 1 } = this.options;
    const find = () => missing(STREAM_NOT_FOUND, manager.streams.info(name));
    const found = await find();
    if (found) return found;
    try {
      return await manager.streams.add({
        name,
        subjects: [subjects],
        retention: RetentionPolicy.Limits,
        storage: StorageType.File,
        num_replicas: replicas,
        duplicate_window: nanos(DUPLICATE_WINDOW_MS),
      });
    } catch (error) {
      // Somebody else may have made it at the same moment, which the server calls an overlap.
      const made = await find();
      if (made) return made;
      throw error;
    }
  }
}

/** Null when that is what the server says is missing. */
async function missing<T>(code: number, answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (errorCode(error) === code) return null;
    throw error;
  }
}

/** One that the server knows already keeps its old place. */
function isAppended(answer: PromiseSettledResult<PubAck>): boolean {
  return answer.status === 'fulfilled' && !answer.value.duplicate;
}

function errorCode(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.err_code : undefined;
}
