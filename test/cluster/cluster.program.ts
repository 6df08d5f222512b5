import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBalancer } from '../support/balancer.js';
import { startSandbox } from '../support/bursar.process.js';
import { startCluster } from '../support/cluster.process.js';

/**
 * The distributed form on this machine, until it is told to end: `npm run cluster -- --each 2 --port 7070`, with `--doubles stripe,adyen` paying
 * through those. With `EVENTSTORE_URL` the log is that server's.
 */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      each: { type: 'string', default: '2' },
      port: { type: 'string', default: '7070' },
      doubles: { type: 'string', default: '' },
    },
  });
  const eventStoreUrl = process.env['EVENTSTORE_URL'];
  const url = `http://127.0.0.1:${values.port}`;
  const env = { BURSAR_SANDBOX_DOUBLES: values.doubles };
  const sandbox = await startSandbox({ ...env, BURSAR_SANDBOX_WEBHOOKS_URL: url });
  const cluster = await startCluster({
    each: Number(values.each),
    sandboxUrl: sandbox.url,
    env,
    ...(eventStoreUrl && { eventStoreUrl }),
  });
  const gateways = cluster.of('gateway').map(({ url }) => Number(new URL(url).port));
  const balancer = await startBalancer(gateways, Number(values.port));
  await cluster.makeTenant('sandbox', url);
  const lines = [
    ...cluster.processes.map((each) => [each.name, `pid ${each.pid()}`, each.url]),
    ['sandbox', '', sandbox.url],
    ['nats-server', '', cluster.nats.server.url],
    ['event store', '', cluster.eventStoreUrl],
    ['API', 'all gateways', url],
    ['credentials', '', join(cluster.dataDir, 'credentials.json')],
  ];
  for (const [name = '', what = '', where = ''] of lines)
    console.log(`${name.padEnd(14)}${what.padEnd(14)}${where}`);
  if (cluster.eventStore) console.log(NOT_AN_EVENT_STORE);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await balancer.close();
  await cluster.dispose();
  await sandbox.dispose();
}

const NOT_AN_EVENT_STORE = `
*******************************************************************************************
*  THE EVENT STORE IS A TEST SERVER: it keeps everything in memory, and forgets it at its *
*  end. Set EVENTSTORE_URL=esdb://… to work with a real EventStoreDB.                      *
*******************************************************************************************
`;
