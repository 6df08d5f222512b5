import { parseArgs } from 'node:util';
import { EventStoreTestServer } from './eventstore.server.js';

/** `--port 2113`: the leader there, a follower at the next port, the switches at the one after it. Runs until it is ended. */
export async function run(args: string[]): Promise<void> {
  const { port } = parseArgs({
    args,
    options: { port: { type: 'string', default: '2113' } },
  }).values;
  const first = Number(port);
  await new EventStoreTestServer(first).start();
  console.log(
    [
      '****************************************************************************',
      '* THIS IS A TEST SERVER THAT SPEAKS THE PROTOCOL OF EVENTSTOREDB.          *',
      '* IT KEEPS NOTHING ON DISK: WHAT IS WRITTEN TO IT IS GONE WHEN IT ENDS.    *',
      '****************************************************************************',
      `leader    esdb://127.0.0.1:${first}?tls=false`,
      `follower  esdb://127.0.0.1:${first + 1}?tls=false`,
      `switches  http://127.0.0.1:${first + 2}`,
      'ready',
    ].join('\n'),
  );
}
