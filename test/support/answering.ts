import { get } from 'node:http';
import { eventually } from './eventually.js';
import { tail, type NodeProcess } from './node.process.js';

/** A slow machine is no failure; what hangs is. */
const START_WITHIN_MS = 120_000;

/** Resolves when the program answers 200 there; one that ended, or does not in time, is killed and reported. */
export async function untilAnswering(child: NodeProcess, url: string): Promise<void> {
  const look = async () => (child.exit() ? 'ended' : await statusOf(url));
  try {
    const state = await eventually(look, (seen) => seen === 200 || seen === 'ended', {
      withinMs: START_WITHIN_MS,
      what: `200 from ${url}`,
    });
    if (state === 'ended') throw new Error(`it ended with ${JSON.stringify(child.exit())}`);
  } catch (error) {
    child.signal('SIGKILL');
    await child.exited;
    throw new Error(`the program did not start:\n${tail(child.output())}`, { cause: error });
  }
}

function statusOf(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.once('timeout', () => request.destroy(new Error('no answer within 2 s')));
    request.once('error', reject);
  });
}
