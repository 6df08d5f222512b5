import { type ServerWritableStream, type ServiceError } from '@grpc/grpc-js';
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import { LogFollower } from './log.follower.js';
import type { ServerNode } from './server.node.js';
import type { ServerLog, StoredEvent } from './server.log.js';
import { eventMessage, failures, streamIdentifier, streamNameOf } from './wire.messages.js';

export type ReadCall = ServerWritableStream<ReadReq, ReadResp>;
type Options = ReadReq.Options;
type Filter = (event: StoredEvent) => boolean;

const BACKWARDS = 1;
const DEFAULT_WINDOW = 32;

/** A place in the log: an event's own is (p, p); (p, 0) is before the event that begins at p, if one does. */
interface Place {
  commit: number;
  prepare: number;
}

const BEGINNING: Place = { commit: 0, prepare: -1 };

/** Reads and subscriptions of one node. */
export class ReadCalls {
  constructor(private readonly node: ServerNode) {}

  async read(call: ReadCall): Promise<void> {
    const options = call.request.getOptions()!;
    const rpc = options.hasSubscription() ? 'subscribe' : 'read';
    const { faults, gate, leaderPort, isLeader } = this.node;
    const fault = faults.strike(rpc);
    const closed = faults.opened(rpc);
    call.once('close', closed);
    call.once('cancelled', closed);
    if (!isLeader && call.metadata.get('requires-leader').length > 0) {
      return fail(call, failures.notLeader(leaderPort));
    }
    if (fault?.then === 'cut') return gate.cut();
    if (fault?.then === 'silence') return;
    if (fault?.then === 'not_ready') return fail(call, failures.notReady());
    try {
      if (fault?.then !== 'end') await this.answer(call, options);
      call.end();
    } catch (error) {
      fail(call, error as ServiceError);
    }
  }

  private async answer(call: ReadCall, options: Options): Promise<void> {
    if (options.hasSubscription()) await this.subscribe(call, options);
    else if (options.hasAll()) await this.readAll(call, options);
    else await this.readStream(call, options);
  }

  private async readStream(call: ReadCall, options: Options): Promise<void> {
    const from = options.getStream()!;
    const stream = streamNameOf(from);
    const events = this.node.log.visible(stream);
    if (events === 'deleted') throw failures.streamDeleted(stream);
    if (events === 'not_found') {
      const missing = new streams.ReadResp.StreamNotFound();
      missing.setStreamIdentifier(streamIdentifier(stream));
      await send(call, new streams.ReadResp().setStreamNotFound(missing));
      return;
    }
    const isBackwards = Number(options.getReadDirection()) === BACKWARDS;
    const revision = Number(from.getRevision());
    const wanted = isBackwards
      ? events.filter((event) => from.hasEnd() || event.revision <= revision).reverse()
      : events.filter((event) => from.hasStart() || event.revision >= revision);
    const count = Number(options.getCount());
    for (const event of wanted.slice(0, count)) await send(call, eventMessage(event));
  }

  private async readAll(call: ReadCall, options: Options): Promise<void> {
    const { log } = this.node;
    const isBackwards = Number(options.getReadDirection()) === BACKWARDS;
    const matches = filterOf(options);
    let index = this.startOf(options);
    for (let left = Number(options.getCount()); left > 0;) {
      const event = log.records[isBackwards ? --index : index++];
      if (!event || call.cancelled) return;
      if (!matches(event)) continue;
      await send(call, eventMessage(event));
      left--;
    }
  }

  private async subscribe(call: ReadCall, options: Options): Promise<void> {
    if (!options.hasAll()) throw failures.unimplemented('a subscription to one stream');
    const { log, followers } = this.node;
    const start = this.startOf(options);
    const follower = new LogFollower(log);
    followers.add(follower);
    call.once('cancelled', () => follower.turn('gone'));
    const confirmation = new streams.ReadResp.SubscriptionConfirmation();
    confirmation.setSubscriptionId(follower.id);
    await send(call, new streams.ReadResp().setConfirmation(confirmation));
    const subscription = new Subscription(call, options, log, follower);
    await subscription.follow(start, placeOf(options));
    await follower.over();
    followers.delete(follower);
  }

  /** Index of the first record in question. @throws ServiceError for a position that is none */
  private startOf(options: Options): number {
    const all = options.getAll();
    if (!all || all.hasStart()) return 0;
    const position = all.getPosition();
    if (!position) return this.node.log.records.length;
    const index = this.node.log.indexAt(Number(position.getCommitPosition()));
    if (index === undefined) throw failures.invalidPosition();
    return index;
  }
}

/** One subscription: what exists, page by page, then what comes. Checkpoints come where the real server sends them. */
class Subscription {
  private readonly matches: Filter;
  private readonly window: number;
  private readonly interval: number;

  constructor(
    private readonly call: ReadCall,
    private readonly options: Options,
    private readonly log: ServerLog,
    private readonly follower: LogFollower,
  ) {
    const filter = options.getFilter();
    this.matches = filterOf(options);
    this.window = filter?.hasMax() ? filter.getMax() : DEFAULT_WINDOW;
    this.interval = this.window * (filter?.getCheckpointintervalmultiplier() || 1);
  }

  async follow(start: number, after: Place | undefined): Promise<void> {
    let index = start;
    let reached = after ?? BEGINNING;
    if (!this.options.getAll()?.hasEnd()) [index, reached] = await this.catchUp(index, reached);
    await this.caughtUp();
    for (let looked = 0; this.follower.isLive;) {
      const event = this.log.records[index];
      if (!event) {
        await this.follower.news();
        continue;
      }
      index++;
      reached = await this.offer(event, reached);
      if (++looked % this.interval === 0) await this.checkpoint(placeOfEvent(event));
    }
  }

  /** Page by page; a checkpoint that no event gives its place names the beginning of the page. */
  private async catchUp(start: number, after: Place): Promise<[index: number, reached: Place]> {
    let [index, reached, looked] = [start, after, 0];
    for (let isEnd = false; !isEnd && this.follower.isLive;) {
      const begin = { commit: this.log.records[index]?.position ?? this.log.end, prepare: 0 };
      const page = this.log.records.slice(index, index + this.window);
      for (const event of page) reached = await this.offer(event, reached);
      index += page.length;
      looked += page.length;
      isEnd = page.length < this.window;
      if (isEnd || looked >= this.interval) {
        looked %= this.interval;
        if (isBefore(reached, begin)) reached = begin;
        await this.checkpoint(reached);
      }
    }
    return [index, reached];
  }

  private caughtUp(): Promise<void> {
    const caughtUp = new streams.ReadResp.CaughtUp();
    return send(this.call, new streams.ReadResp().setCaughtUp(caughtUp));
  }

  private async offer(event: StoredEvent, reached: Place): Promise<Place> {
    const place = placeOfEvent(event);
    if (!this.matches(event) || !isBefore(reached, place)) return reached;
    await send(this.call, eventMessage(event));
    return place;
  }

  private async checkpoint({ commit, prepare }: Place): Promise<void> {
    if (!this.options.hasFilter() || prepare < 0) return;
    const checkpoint = new streams.ReadResp.Checkpoint()
      .setCommitPosition(String(commit))
      .setPreparePosition(String(prepare));
    await send(this.call, new streams.ReadResp().setCheckpoint(checkpoint));
  }
}

/** Resolves when there is room for more. */
async function send(call: ReadCall, message: ReadResp): Promise<void> {
  if (call.cancelled || call.destroyed || call.write(message)) return;
  const endings = ['drain', 'cancelled', 'close'];
  await new Promise<void>((resolve) => {
    const go = () => {
      for (const ending of endings) call.off(ending, go);
      resolve();
    };
    for (const ending of endings) call.on(ending, go);
  });
}

function fail(call: ReadCall, error: ServiceError): void {
  call.emit('error', error);
}

function filterOf(options: Options): Filter {
  const filter = options.getFilter();
  const byStream = filter?.getStreamIdentifier();
  const expression = byStream ?? filter?.getEventType();
  if (!expression) return () => true;
  const nameOf = (event: StoredEvent) => (byStream ? event.stream : event.type);
  const prefixes = expression.getPrefixList();
  const regex = new RegExp(expression.getRegex());
  return (event) =>
    prefixes.length > 0
      ? prefixes.some((prefix) => nameOf(event).startsWith(prefix))
      : regex.test(nameOf(event));
}

function placeOf(options: Options): Place | undefined {
  const position = options.getAll()?.getPosition();
  if (!position) return undefined;
  const commit = Number(position.getCommitPosition());
  return { commit, prepare: Number(position.getPreparePosition()) };
}

function placeOfEvent({ position }: StoredEvent): Place {
  return { commit: position, prepare: position };
}

function isBefore(one: Place, other: Place): boolean {
  return one.commit < other.commit || (one.commit === other.commit && one.prepare < other.prepare);
}
