import type { ClusterOptions } from '../../support/cluster.process.js';
import { startTcpProxy, type TcpProxy } from '../../support/tcp.proxy.js';

export const ENGINES = ['nats', 'eventstore'] as const;
export type Engine = (typeof ENGINES)[number];

/** The way of each process to each of the servers, which can be broken for that process alone. */
export interface Ways {
  settingsOf: NonNullable<ClusterOptions['envOf']>;
  /** `name`: `sagas-2`. */
  to(engine: Engine, name: string): TcpProxy;
  close(): Promise<void>;
}

export function openWays(): Ways {
  const ways = new Map<string, TcpProxy>();
  const open = async (engine: Engine, name: string, url: string): Promise<string> => {
    const { protocol, port, search } = new URL(url);
    const way = await startTcpProxy(Number(port));
    ways.set(`${engine} ${name}`, way);
    return `${protocol}//127.0.0.1:${way.port}${search}`;
  };
  return {
    settingsOf: async (name, _role, { natsUrl, eventStoreUrl }) => ({
      BURSAR_NATS_URL: await open('nats', name, natsUrl),
      BURSAR_EVENTSTORE_URL: await open('eventstore', name, eventStoreUrl),
    }),
    to: (engine, name) => {
      const way = ways.get(`${engine} ${name}`);
      if (!way) throw new Error(`${name} has no way to ${engine}`);
      return way;
    },
    close: async () => {
      await Promise.all([...ways.values()].map((way) => way.close()));
    },
  };
}
