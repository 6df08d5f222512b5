import type { AppendResult } from '@eventstore/db-client';
import type { Timers } from '#platform';
import type { EncodedEvent } from '../append.encoding.js';
import {
  type Appended,
  AppendTooLargeError,
  ConcurrencyError,
  type Expected,
  StoreUnavailableError,
  StreamDeletedError,
} from '../event-store.port.js';
import { asEventData, asExpectedRevision, type PendingAppend } from './append.request.js';
import type { CallAttempts, CallTime } from './call.attempts.js';
import { answerWithin } from './call.deadline.js';
import { CallError } from './call.error.js';
import { failureOf } from './call.failure.js';
import type { CallSlots } from './call.slots.js';
import { earlierAppend } from './earlier-append.js';
import type { RecordSource } from './record.source.js';
import { safe } from './recorded-event.js';
import type { ServerConnection } from './server.connection.js';

/**
 * Appends until there is an answer, or no time left. Every try has the same ids and the same expectation, so that the server
 * takes it for the same append; a conflict after a doubtful try may be that try's own success.
 */
export class LogAppender {
  constructor(
    private readonly connection: ServerConnection,
    private readonly records: RecordSource,
    private readonly timers: Timers,
    private readonly attempts: CallAttempts,
    private readonly slots: CallSlots,
  ) {}

  /** @throws ConcurrencyError, StreamDeletedError, AppendTooLargeError, StoreUnavailableError */
  async append(
    stream: string,
    expected: Expected,
    events: readonly EncodedEvent[],
  ): Promise<Appended> {
    const append = { stream, expected, events, isDoubtful: false };
    try {
      return await this.attempts.until((time) => this.attempt(append, time));
    } catch (error) {
      throw this.refusal(append, error);
    }
  }

  private async attempt(append: PendingAppend, time: CallTime): Promise<Appended> {
    const isExact = append.expected !== 'any' && append.expected !== 'exists';
    // The server compares ids only where the expectation is exact: sent again, this might be appended again.
    if (append.isDoubtful && !isExact) return this.foundOr(append, time, stillUnknown());
    try {
      return await this.answeredWith(append, time, await this.send(append, time));
    } catch (error) {
      const { kind } = failureOf(error);
      if (kind === 'doubtful') append.isDoubtful = true;
      if (kind === 'conflict' && append.isDoubtful) return this.foundOr(append, time, error);
      throw error;
    }
  }

  private send(append: PendingAppend, time: CallTime): Promise<AppendResult> {
    const { client, credentials } = this.connection;
    return this.slots.run(time.leftMs(), () => {
      const deadline = time.attemptMs();
      if (deadline === 0) throw new CallError('no-slot', 'its turn came too late');
      const expectedRevision = asExpectedRevision(append.expected);
      const options = { expectedRevision, credentials, requiresLeader: true, deadline };
      const call = client.appendToStream(append.stream, append.events.map(asEventData), options);
      return answerWithin(this.timers, deadline, call);
    });
  }

  private async answeredWith(
    append: PendingAppend,
    time: CallTime,
    { success, nextExpectedRevision, position }: AppendResult,
  ): Promise<Appended> {
    // The connection string may ask for answers instead of errors.
    if (!success) {
      throw new CallError('wrong-expected-version', 'another revision', nextExpectedRevision);
    }
    if (position) {
      return { lastRevision: safe(nextExpectedRevision), lastPosition: safe(position.commit) };
    }
    append.isDoubtful = true;
    return this.foundOr(append, time, stillUnknown());
  }

  private async foundOr(append: PendingAppend, time: CallTime, error: unknown): Promise<Appended> {
    const found = await earlierAppend(this.records, append, time.leftMs());
    if (!found) throw error;
    return found;
  }

  private refusal({ stream, expected, isDoubtful }: PendingAppend, error: unknown): Error {
    const failure = failureOf(error);
    if (failure.kind === 'conflict') return new ConcurrencyError(stream, expected, failure.actual);
    if (failure.kind === 'stream_deleted') return new StreamDeletedError(stream);
    if (failure.kind === 'too_large')
      return new AppendTooLargeError('larger than the server takes');
    const outcome = isDoubtful ? 'unknown' : 'not_applied';
    const what = failure.kind === 'refused' ? 'refused' : 'not answered';
    return new StoreUnavailableError(outcome, `the append was ${what}`, { cause: error });
  }
}

function stillUnknown(): CallError {
  return new CallError('unknown', 'the append is not in its stream yet');
}
