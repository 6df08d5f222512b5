import { type BaseOptions, jsonEvent } from '@eventstore/db-client';
import type { Random, Timers } from '#platform';
import { StoreUnavailableError, StreamDeletedError } from '../event-store.port.js';
import type { CallAttempts, CallTime } from './call.attempts.js';
import { answerWithin } from './call.deadline.js';
import { CallError } from './call.error.js';
import { failureOf } from './call.failure.js';
import type { RecordSource, ServerRecord, StreamRange } from './record.source.js';
import type { ServerConnection } from './server.connection.js';

/** Truncating and deleting. Each of them may be done twice, so a doubtful try is simply followed by another. */
export class StreamMarks {
  constructor(
    private readonly connection: ServerConnection,
    private readonly records: RecordSource,
    private readonly ports: { timers: Timers; random: Random },
    private readonly attempts: CallAttempts,
  ) {}

  /** @throws StreamDeletedError, StoreUnavailableError */
  truncateBefore(stream: string, revision: number): Promise<void> {
    const metastream = `$$${stream}`;
    return this.until(stream, async (time) => {
      const last = await this.lastOf(metastream, time);
      const metadata = objectIn(last?.data);
      // A stream that was deleted softly is truncated before a revision that no number of ours can hold.
      if (Number(metadata.$tb ?? 0) >= revision) return;
      const data = { ...metadata, $tb: revision };
      const event = jsonEvent({ id: this.ports.random.uuid(), type: '$metadata', data });
      const expectedRevision = last ? last.revision : 'no_stream';
      await this.answered(time, (options) =>
        this.connection.client.appendToStream(metastream, event, { ...options, expectedRevision }),
      ).catch((error: unknown) => {
        const isConflict = failureOf(error).kind === 'conflict';
        throw isConflict ? new CallError('unknown', 'the metadata changed meanwhile') : error;
      });
    });
  }

  /** @throws StreamDeletedError, StoreUnavailableError */
  softDelete(stream: string): Promise<void> {
    return this.until(stream, async (time) => {
      await this.answered(time, (options) => this.connection.client.deleteStream(stream, options));
    });
  }

  /** @throws StreamDeletedError, StoreUnavailableError */
  async tombstone(stream: string): Promise<void> {
    let isDoubtful = false;
    await this.until(stream, async (time) => {
      try {
        await this.answered(time, (options) =>
          this.connection.client.tombstoneStream(stream, options),
        );
      } catch (error) {
        const { kind } = failureOf(error);
        if (kind === 'stream_deleted' && isDoubtful) return;
        isDoubtful ||= kind === 'doubtful';
        throw error;
      }
    });
  }

  private async lastOf(stream: string, time: CallTime): Promise<ServerRecord | undefined> {
    const range: StreamRange = { direction: 'backwards', fromRevision: 'end', maxCount: 1 };
    try {
      return (await this.records.ofStream(stream, range, time.attemptMs()))[0];
    } catch (error) {
      if (failureOf(error).kind === 'stream_missing') return undefined;
      throw error;
    }
  }

  private answered<T>(time: CallTime, call: (options: BaseOptions) => Promise<T>): Promise<T> {
    const { credentials } = this.connection;
    const deadline = time.attemptMs();
    const options = { credentials, requiresLeader: true, deadline };
    return answerWithin(this.ports.timers, deadline, call(options));
  }

  private async until(stream: string, mark: (time: CallTime) => Promise<void>): Promise<void> {
    try {
      await this.attempts.until(mark);
    } catch (error) {
      if (failureOf(error).kind === 'stream_deleted') throw new StreamDeletedError(stream);
      throw new StoreUnavailableError('unknown', 'the stream could not be marked', {
        cause: error,
      });
    }
  }
}

function objectIn(data: unknown): Record<string, unknown> {
  return typeof data === 'object' && data !== null ? { ...data } : {};
}
