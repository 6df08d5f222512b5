import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import {
  type Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServiceError,
} from '@grpc/grpc-js';
import type {
  AppendReq,
  AppendResp,
  BatchAppendReq,
  BatchAppendResp,
  DeleteReq,
  DeleteResp,
  TombstoneReq,
  TombstoneResp,
} from '@eventstore/db-client/generated/streams_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import codes from '@eventstore/db-client/generated/code_pb.js';
import statuses from '@eventstore/db-client/generated/status_pb.js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import type { CallFault, Rpc } from './fault.switches.js';
import type { ServerNode } from './server.node.js';
import type { AppendVerdict, ExpectedRevision } from './server.log.js';
import {
  expectedOf,
  failures,
  proposedEvent,
  streamIdentifier,
  streamNameOf,
} from './wire.messages.js';

type Refused = Exclude<AppendVerdict, { kind: 'success' }>;

/** Append, BatchAppend, Delete and Tombstone of one node. */
export class AppendCalls {
  constructor(private readonly node: ServerNode) {}

  append(
    call: ServerReadableStream<AppendReq, AppendResp>,
    callback: sendUnaryData<AppendResp>,
  ): void {
    const messages: AppendReq[] = [];
    const closed = this.node.faults.opened('append');
    call.once('cancelled', closed);
    call.on('data', (message: AppendReq) => messages.push(message));
    call.on('end', async () => {
      // A connection that breaks half-way ends what was sent, too, and is known as broken only a moment later.
      await nextTurn();
      if (call.cancelled) return;
      const options = messages[0]?.getOptions();
      const stream = streamNameOf(options);
      const expected = options ? expectedOf(options, () => options.getRevision()) : 'any';
      const proposed = messages.flatMap((message) => {
        const event = message.getProposedMessage();
        return event ? [proposedEvent(event)] : [];
      });
      const carryOut = () => this.node.log.append(stream, expected, proposed);
      void this.answer('append', call.metadata, carryOut, (verdict, error) => {
        closed();
        if (error) return callback(error);
        if (verdict?.kind === 'stream_deleted') return callback(failures.streamDeleted(stream));
        callback(null, verdict ? appendAnswer(verdict, expected) : new streams.AppendResp());
      });
    });
  }

  batchAppend(call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void {
    const parts = new Map<string, BatchAppendReq[]>();
    call.on('data', (part: BatchAppendReq) => {
      const key = part.getCorrelationId()?.getString() ?? '';
      const all = [...(parts.get(key) ?? []), part];
      parts.set(key, all);
      if (part.getIsFinal()) void this.answerBatch(call, all);
    });
    call.on('end', () => call.end());
  }

  delete(call: ServerUnaryCall<DeleteReq, DeleteResp>, callback: sendUnaryData<DeleteResp>): void {
    const stream = streamNameOf(call.request.getOptions());
    const carryOut = () => this.node.log.softDelete(stream);
    void this.answer('delete', call.metadata, carryOut, (verdict, error) => {
      if (verdict?.kind === 'stream_deleted') callback(failures.streamDeleted(stream));
      else callback(error ?? null, new streams.DeleteResp());
    });
  }

  tombstone(
    call: ServerUnaryCall<TombstoneReq, TombstoneResp>,
    callback: sendUnaryData<TombstoneResp>,
  ): void {
    const stream = streamNameOf(call.request.getOptions());
    const carryOut = () => this.node.log.tombstone(stream);
    void this.answer('delete', call.metadata, carryOut, (verdict, error) => {
      if (verdict?.kind === 'stream_deleted') callback(failures.streamDeleted(stream));
      else callback(error ?? null, new streams.TombstoneResp());
    });
  }

  private async answer(
    rpc: Rpc,
    metadata: Metadata,
    carryOut: () => AppendVerdict,
    send: (verdict: AppendVerdict | undefined, error?: ServiceError) => void,
  ): Promise<void> {
    const { faults, gate, leaderPort, isLeader } = this.node;
    const fault = faults.strike(rpc);
    if (!isLeader && metadata.get('requires-leader').length > 0) {
      return send(undefined, failures.notLeader(leaderPort));
    }
    const verdict = !fault || fault.commit ? carryOut() : undefined;
    if (fault?.delayMs) await pause(fault.delayMs);
    switch (fault?.then) {
      case 'silence':
        return;
      case 'cut':
        return gate.cut();
      case 'end':
        return send(undefined);
      case 'timeout':
        return send(undefined, failures.timeout());
      case 'not_ready':
        return send(undefined, failures.notReady());
      case 'not_leader':
        return send(undefined, failures.notLeader(leaderPort));
      case 'answer':
      case 'twice':
      case undefined:
        return send(verdict ?? carryOut());
    }
  }

  private async answerBatch(
    call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>,
    parts: readonly BatchAppendReq[],
  ): Promise<void> {
    const options = parts[0]?.getOptions();
    const stream = streamNameOf(options);
    const expected = options ? expectedOf(options, () => options.getStreamPosition()) : 'any';
    const proposed = parts.flatMap((part) => part.getProposedMessagesList().map(proposedEvent));
    const fault = this.node.faults.strike('batch_append');
    const verdict =
      !fault || fault.commit || fault.then === 'answer' || fault.then === 'twice'
        ? this.node.log.append(stream, expected, proposed)
        : undefined;
    if (fault?.delayMs) await pause(fault.delayMs);
    if (fault && endsBatch(fault, call, this.node)) return;
    const answer = new streams.BatchAppendResp()
      .setCorrelationId(parts[0]?.getCorrelationId())
      .setStreamIdentifier(streamIdentifier(stream));
    if (verdict?.kind === 'success') answer.setSuccess(batchSuccess(verdict));
    else answer.setError(batchError(verdict, stream, expected));
    call.write(answer);
    if (fault?.then === 'twice') call.write(answer);
  }
}

/** True when nothing is to be written any more. */
function endsBatch(
  { then }: CallFault,
  call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>,
  { gate }: ServerNode,
): boolean {
  if (then === 'cut') gate.cut();
  if (then === 'end') call.end();
  return then === 'silence' || then === 'cut' || then === 'end';
}

function appendAnswer(
  verdict: Exclude<AppendVerdict, { kind: 'stream_deleted' }>,
  expected: ExpectedRevision,
): AppendResp {
  if (verdict.kind === 'success') {
    const position = new streams.AppendResp.Position()
      .setCommitPosition(String(verdict.position))
      .setPreparePosition(String(verdict.position));
    const success = new streams.AppendResp.Success()
      .setCurrentRevision(String(verdict.revision))
      .setPosition(position);
    return new streams.AppendResp().setSuccess(success);
  }
  const wrong = new streams.AppendResp.WrongExpectedVersion();
  if (verdict.current < 0) wrong.setCurrentNoStream(new shared.Empty());
  else wrong.setCurrentRevision(String(verdict.current));
  if (typeof expected === 'number') wrong.setExpectedRevision(String(expected));
  else if (expected === 'no_stream') wrong.setExpectedNoStream(new shared.Empty());
  else wrong.setExpectedStreamExists(new shared.Empty());
  return new streams.AppendResp().setWrongExpectedVersion(wrong);
}

function batchSuccess({ revision, position }: Extract<AppendVerdict, { kind: 'success' }>) {
  const at = new shared.AllStreamPosition()
    .setCommitPosition(String(position))
    .setPreparePosition(String(position));
  return new streams.BatchAppendResp.Success().setCurrentRevision(String(revision)).setPosition(at);
}

/** What went wrong is an `Any`; that the server is not ready comes without one that the client knows. */
function batchError(refused: Refused | undefined, stream: string, expected: ExpectedRevision) {
  const details = new any.Any();
  if (refused?.kind === 'stream_deleted') {
    const deleted = new shared.StreamDeleted().setStreamIdentifier(streamIdentifier(stream));
    details.pack(deleted.serializeBinary(), 'event_store.client.StreamDeleted');
  } else if (refused) {
    const wrong = new shared.WrongExpectedVersion();
    if (refused.current < 0) wrong.setCurrentNoStream(new empty.Empty());
    else wrong.setCurrentStreamRevision(String(refused.current));
    if (typeof expected === 'number') wrong.setExpectedStreamPosition(String(expected));
    details.pack(wrong.serializeBinary(), 'event_store.client.WrongExpectedVersion');
  } else {
    details.pack(new empty.Empty().serializeBinary(), 'google.protobuf.Empty');
  }
  const message = refused ? refused.kind : 'Server Is Not Ready';
  const { FAILED_PRECONDITION, UNAVAILABLE } = codes.Code;
  const code = refused ? FAILED_PRECONDITION : UNAVAILABLE;
  return new statuses.Status().setCode(code).setMessage(message).setDetails(details);
}
