import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { AppendReq, BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { UUID } from '@eventstore/db-client/generated/shared_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import { stringify } from 'uuid';
import type { ExpectedRevision, ProposedEvent, StoredEvent } from './server.log.js';

/** Between the messages of the protocol and what the log keeps. */

type Proposed = AppendReq.ProposedMessage | BatchAppendReq.ProposedMessage;

export function proposedEvent(message: Proposed): ProposedEvent {
  const metadata = message.getMetadataMap();
  return {
    id: uuidOf(message.getId()),
    type: metadata.get('type') ?? '',
    contentType: metadata.get('content-type') ?? '',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

export function uuidOf(uuid: UUID | undefined): string {
  const structured = uuid?.getStructured();
  if (!structured) return uuid?.getString() ?? '';
  const bytes = Buffer.alloc(16);
  bytes.writeBigInt64BE(BigInt(structured.getMostSignificantBits()), 0);
  bytes.writeBigInt64BE(BigInt(structured.getLeastSignificantBits()), 8);
  return stringify(bytes);
}

interface ExpectingOptions {
  hasAny(): boolean;
  hasNoStream(): boolean;
  hasStreamExists(): boolean;
}

/** `revision` is read where none of the three words is said. */
export function expectedOf(options: ExpectingOptions, revision: () => string): ExpectedRevision {
  if (options.hasAny()) return 'any';
  if (options.hasNoStream()) return 'no_stream';
  return options.hasStreamExists() ? 'stream_exists' : Number(revision());
}

interface NamingOptions {
  getStreamIdentifier(): { getStreamName_asU8(): Uint8Array } | undefined;
}

export function streamNameOf(options: NamingOptions | undefined): string {
  const name = options?.getStreamIdentifier()?.getStreamName_asU8() ?? new Uint8Array();
  return Buffer.from(name).toString();
}

export function streamIdentifier(stream: string) {
  return new shared.StreamIdentifier().setStreamName(Uint8Array.from(Buffer.from(stream)));
}

export function eventMessage(event: StoredEvent) {
  const position = String(event.position);
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent()
    .setId(new shared.UUID().setString(event.id))
    .setStreamIdentifier(streamIdentifier(event.stream))
    .setStreamRevision(String(event.revision))
    .setCommitPosition(position)
    .setPreparePosition(position)
    .setData(event.data)
    .setCustomMetadata(event.metadata);
  recorded
    .getMetadataMap()
    .set('type', event.type)
    .set('content-type', event.contentType)
    // Ticks of 100 ns.
    .set('created', String(BigInt(event.createdMs) * 10_000n));
  const read = new streams.ReadResp.ReadEvent().setEvent(recorded).setCommitPosition(position);
  return new streams.ReadResp().setEvent(read);
}

/** An error of the protocol: the trailer `exception` says which one it is. */
export function failure(
  code: status,
  details: string,
  trailers: Record<string, string> = {},
): ServiceError {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return Object.assign(new Error(details), { code, details, metadata });
}

export const failures = {
  streamDeleted: (stream: string) =>
    failure(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
      exception: 'stream-deleted',
      'stream-name': stream,
    }),
  notLeader: (port: number) =>
    failure(status.NOT_FOUND, 'Leader info available', {
      exception: 'not-leader',
      'leader-endpoint-host': '127.0.0.1',
      'leader-endpoint-port': String(port),
    }),
  notReady: () => failure(status.UNAVAILABLE, 'Server Is Not Ready'),
  timeout: () => failure(status.ABORTED, 'Operation timed out: CommitTimeout'),
  unimplemented: (what: string) => failure(status.UNIMPLEMENTED, `the test server has no ${what}`),
  invalidPosition: () => failure(status.UNKNOWN, 'Unexpected ReadAllResult: InvalidPosition'),
};
