import type { Random, Timers } from '#platform';
import { SystemRandom, SystemTimers } from '#platform/system';
import { serveControl } from './control.server.js';
import { Listener } from './listener.js';
import { ProcessorServer } from './processor.server.js';
import type { Flow } from './processor.routes.js';

export interface SandboxOptions {
  /** Port of the switches and books; the processors take the ports after it. 0: any free ports. */
  port: number;
  host: string;
  timers?: Timers;
  random?: Random;
}

export interface Sandbox {
  /** Where the switches and books are. */
  url: string;
  processors: readonly { name: string; url: string }[];
  /** Closes every port and connection at once. The books are gone afterwards. */
  stop(): Promise<void>;
}

const PROCESSORS: readonly { name: string; flow: Flow }[] = [
  { name: 'sandbox_a', flow: 'two_step' },
  { name: 'sandbox_b', flow: 'one_step' },
];

/** Starts the simulated processors. Rejects with the system's error when a port is taken. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { port, host, timers = new SystemTimers(), random = new SystemRandom() } = options;
  const processors = PROCESSORS.map(
    ({ name, flow }) => new ProcessorServer(name, flow, host, timers, random),
  );
  const control = new Listener(
    (request, response) => void serveControl(processors, request, response),
    host,
    timers,
  );
  const stop = async () => {
    await Promise.all([control.close(), ...processors.map((processor) => processor.stop())]);
  };
  try {
    for (const [index, processor] of processors.entries()) {
      await processor.start(port === 0 ? 0 : port + 1 + index);
    }
    await control.listen(port);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: control.url,
    processors: processors.map(({ name, url }) => ({ name, url })),
    stop,
  };
}
