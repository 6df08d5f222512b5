import { eventually } from '../eventually.js';
import { freePorts } from '../free-ports.js';
import { createHttpClient } from '../http.client.js';
import { endGracefully, startNode } from '../node.process.js';
import type { ServerCommand, ServerCounts } from './eventstore.server.js';
import type { CallFault } from './fault.switches.js';

const PROGRAM = 'test/support/eventstore-server/run.js';

/** The test server in a process of its own: its protocol must not be loaded twice into one. */
export interface EventStoreServerProcess {
  /** Connection strings of the leader and of the node that is none. */
  readonly url: string;
  readonly followerUrl: string;
  fail(...faults: CallFault[]): Promise<void>;
  network(state: 'up' | 'down' | 'frozen'): Promise<void>;
  cutConnections(): Promise<void>;
  turnSubscriptions(state: 'ended' | 'mute'): Promise<void>;
  counts(): Promise<ServerCounts>;
  /** No faults, and the network is up. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

export async function startEventStoreServer(): Promise<EventStoreServerProcess> {
  const port = await freePorts(3);
  const child = startNode(PROGRAM, {}, ['--port', `${port}`]);
  await eventually(
    () => child.output(),
    (output) => output.includes('\nready'),
    { withinMs: 30_000, what: 'the start of the test server' },
  );
  const http = createHttpClient(`http://127.0.0.1:${port + 2}`);
  const order = async (command: ServerCommand): Promise<ServerCounts> => {
    const answer = await http.call<ServerCounts>('POST', '/', { json: command });
    if (answer.status !== 200) throw new Error(`${command.do}: ${answer.bytes.toString()}`);
    return answer.body;
  };
  const fail = async (...faults: CallFault[]) => void (await order({ do: 'set_faults', faults }));
  const network = async (state: 'up' | 'down' | 'frozen') =>
    void (await order({ do: 'network', state }));
  return {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    followerUrl: `esdb://127.0.0.1:${port + 1}?tls=false`,
    fail,
    network,
    cutConnections: async () => void (await order({ do: 'cut_connections' })),
    turnSubscriptions: async (state) => void (await order({ do: 'turn_subscriptions', state })),
    counts: () => order({ do: 'count' }),
    heal: async () => {
      await fail();
      await network('up');
    },
    stop: async () => {
      http.close();
      await endGracefully(child);
    },
  };
}
