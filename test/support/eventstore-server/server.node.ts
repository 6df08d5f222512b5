import { randomUUID } from 'node:crypto';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import features from '@eventstore/db-client/generated/serverfeatures_pb.js';
import featuresService from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import gossip from '@eventstore/db-client/generated/gossip_pb.js';
import gossipService from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { AppendCalls } from './append.calls.js';
import type { FaultSwitches } from './fault.switches.js';
import type { LogFollower } from './log.follower.js';
import type { NetworkGate } from './network.gate.js';
import { type ReadCall, ReadCalls } from './read.calls.js';
import type { ServerLog } from './server.log.js';

const VERSION = '24.6.0';
/** What Kestrel grants to a connection. */
const CALLS_PER_CONNECTION = 100;

interface Member {
  port: number;
  isLeader: boolean;
}

/** One node of the cluster of two that the test server plays: a leader, and a follower that answers who leads. */
export class ServerNode {
  readonly followers = new Set<LogFollower>();
  private readonly server: Server;

  constructor(
    readonly log: ServerLog,
    readonly faults: FaultSwitches,
    readonly gate: NetworkGate,
    readonly isLeader: boolean,
    private readonly members: readonly Member[],
  ) {
    this.server = new Server({ 'grpc.max_concurrent_streams': CALLS_PER_CONNECTION });
    const appends = new AppendCalls(this);
    const reads = new ReadCalls(this);
    this.server.addService(streamsService.StreamsService, {
      append: appends.append.bind(appends),
      batchAppend: appends.batchAppend.bind(appends),
      delete: appends.delete.bind(appends),
      tombstone: appends.tombstone.bind(appends),
      read: (call: ReadCall) => void reads.read(call),
    });
    this.serveFeatures();
    this.serveGossip();
  }

  get leaderPort(): number {
    return this.members.find((member) => member.isLeader)?.port ?? 0;
  }

  listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const credentials = ServerCredentials.createInsecure();
      this.server.bindAsync(`127.0.0.1:${port}`, credentials, (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
  }

  private serveFeatures(): void {
    const service = 'event_store.client.streams.streams';
    const methods = ['read', 'append', 'batchappend', 'delete', 'tombstone'].map((name) =>
      new features.SupportedMethod().setServiceName(service).setMethodName(name),
    );
    const supported = new features.SupportedMethods()
      .setEventStoreServerVersion(VERSION)
      .setMethodsList(methods);
    this.server.addService(featuresService.ServerFeaturesService, {
      getSupportedMethods: (_: unknown, callback: (error: null, answer: object) => void) => {
        if (this.faults.strike('features')?.then !== 'silence') callback(null, supported);
      },
    });
  }

  private serveGossip(): void {
    const { FOLLOWER, LEADER } = gossip.MemberInfo.VNodeState;
    const members = this.members.map(({ port, isLeader }) =>
      new gossip.MemberInfo()
        .setInstanceId(new shared.UUID().setString(randomUUID()))
        .setIsAlive(true)
        .setState(isLeader ? LEADER : FOLLOWER)
        .setHttpEndPoint(new gossip.EndPoint().setAddress('127.0.0.1').setPort(port)),
    );
    this.server.addService(gossipService.GossipService, {
      read: (_: unknown, callback: (error: null, answer: object) => void) => {
        if (this.faults.strike('gossip')?.then === 'silence') return;
        callback(null, new gossip.ClusterInfo().setMembersList(members));
      },
    });
  }
}
