import { createServer, type IncomingMessage, type Server } from 'node:http';
import { once } from 'node:events';
import { json } from 'node:stream/consumers';
import { type CallFault, FaultSwitches, type Rpc } from './fault.switches.js';
import { NetworkGate } from './network.gate.js';
import { ServerLog } from './server.log.js';
import { ServerNode } from './server.node.js';

/** What the switches of the test server understand, as JSON over HTTP. */
export type ServerCommand =
  | { do: 'set_faults'; faults: CallFault[] }
  /** `down` and `up` again are a restart that keeps the data; frozen, connections stay and nothing passes. */
  | { do: 'network'; state: 'up' | 'down' | 'frozen' }
  | { do: 'cut_connections' }
  | { do: 'turn_subscriptions'; state: 'ended' | 'mute' }
  | { do: 'count' };

export interface ServerCounts {
  /** Calls that ever began, those that are still open, and the most that were ever open at once. */
  seen: Record<Rpc, number>;
  open: Record<Rpc, number>;
  peak: Record<Rpc, number>;
  records: number;
}

/** A leader at `port`, behind a gate, a follower at the next one, and the switches at the one after it. */
export class EventStoreTestServer {
  private readonly log = new ServerLog();
  private readonly faults = new FaultSwitches();
  private nodes: ServerNode[] = [];
  private gate: NetworkGate | undefined;
  private switches: Server | undefined;

  constructor(private readonly port: number) {}

  async start(): Promise<void> {
    const members = [
      { port: this.port, isLeader: true },
      { port: this.port + 1, isLeader: false },
    ];
    const gate = new NetworkGate(this.port);
    this.nodes = members.map(
      ({ isLeader }) => new ServerNode(this.log, this.faults, gate, isLeader, members),
    );
    const [leader, follower] = this.nodes;
    gate.behind = (await leader?.listen(0)) ?? 0;
    await follower?.listen(this.port + 1);
    await gate.up();
    this.gate = gate;
    this.switches = createServer((request, response) => {
      this.carryOut(request).then(
        (counts) => response.end(JSON.stringify(counts)),
        (error: unknown) => response.writeHead(400).end(String(error)),
      );
    });
    this.switches.listen(this.port + 2, '127.0.0.1');
    await once(this.switches, 'listening');
  }

  private async carryOut(request: IncomingMessage): Promise<ServerCounts> {
    const command = (await json(request)) as ServerCommand;
    switch (command.do) {
      case 'set_faults':
        this.faults.set(command.faults);
        break;
      case 'network':
        await this.setNetwork(command.state);
        break;
      case 'cut_connections':
        this.gate?.cut();
        break;
      case 'turn_subscriptions':
        for (const { followers } of this.nodes) {
          for (const follower of followers) follower.turn(command.state);
        }
        break;
      case 'count':
    }
    const { seen, open, peak } = this.faults;
    return { seen, open, peak, records: this.log.records.length };
  }

  private async setNetwork(state: 'up' | 'down' | 'frozen'): Promise<void> {
    if (state === 'up') await this.gate?.up();
    if (state === 'frozen') this.gate?.freeze();
    if (state !== 'down') return;
    await this.gate?.down();
    this.log.restart();
  }
}
