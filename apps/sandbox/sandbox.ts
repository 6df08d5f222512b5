import type { Clock, Random, Timers } from '#platform';
import { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import { AdyenServer, type AdyenSandboxOptions } from './adyen/adyen.server.js';
import { serveControl } from './control.server.js';
import { Listener } from './listener.js';
import { MerchantServer } from './merchant.server.js';
import { ProcessorServer } from './processor.server.js';
import type { Flow } from './processor.routes.js';
import { SimulatedRates } from './rate.source.js';
import { StripeServer } from './stripe/stripe.server.js';
import type { StripeWebhookSettings } from './stripe/stripe.webhooks.js';

export interface SandboxOptions {
  /** Port of the switches and books; the processors and then the merchants take the ports after it. 0: any free ports. */
  port: number;
  host: string;
  /** How long a hold lasts. */
  authorizationValidForMs?: number;
  /** Runs a double of Adyen, too, on the port after all others. */
  adyen?: AdyenSandboxOptions;
  /** Simulates Stripe, too, on the port after the merchants'. */
  stripe?: { webhooks?: StripeWebhookSettings };
  clock?: Clock;
  timers?: Timers;
  random?: Random;
}

export interface Sandbox {
  /** Where the switches and books are. */
  url: string;
  processors: readonly { name: string; url: string }[];
  merchants: readonly { name: string; url: string }[];
  /** Doubles of real processors that were asked for. Their books and faults are where those of the others are. */
  doubles: readonly { name: string; url: string }[];
  /** Closes every port and connection at once. The books are gone afterwards. */
  stop(): Promise<void>;
}

/** The usual life of a hold: seven days. */
export const AUTHORIZATION_VALID_FOR_MS = 7 * 24 * 60 * 60 * 1_000;

const PROCESSORS: readonly { name: string; flow: Flow }[] = [
  { name: 'sandbox_a', flow: 'two_step' },
  { name: 'sandbox_b', flow: 'one_step' },
];
const MERCHANTS = ['warehouse'] as const;
/** Two, so that they can disagree. */
const RATE_SOURCES = ['rates_a', 'rates_b'] as const;

/** Starts the simulated processors and merchants. Rejects with the system's error when a port is taken. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { port, host, authorizationValidForMs = AUTHORIZATION_VALID_FOR_MS } = options;
  const { clock = new SystemClock() } = options;
  const { timers = new SystemTimers(), random = new SystemRandom() } = options;
  const processors = PROCESSORS.map(
    ({ name, flow }) =>
      new ProcessorServer(name, flow, { host, clock, timers, random, authorizationValidForMs }),
  );
  const merchants = MERCHANTS.map((name) => new MerchantServer(name, host, timers, random));
  const common = { host, clock, timers, random, authorizationValidForMs };
  const stripes = options.stripe ? [new StripeServer(common)] : [];
  for (const each of stripes) each.webhooks.configure(options.stripe?.webhooks);
  const doubles = options.adyen ? [new AdyenServer(options.adyen, common)] : [];
  const servers = [...processors, ...merchants, ...stripes, ...doubles];
  const rates = RATE_SOURCES.map((name) => new SimulatedRates(name, clock));
  const simulated = { processors: [...processors, ...stripes], merchants, doubles, rates };
  const control = new Listener(
    (request, response) => void serveControl(simulated, request, response),
    host,
    timers,
  );
  const stop = async () => {
    await Promise.all([control.close(), ...servers.map((server) => server.stop())]);
  };
  try {
    for (const [index, server] of servers.entries()) {
      await server.start(port === 0 ? 0 : port + 1 + index);
    }
    await control.listen(port);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: control.url,
    processors: simulated.processors.map(({ name, url }) => ({ name, url })),
    merchants: merchants.map(({ name, url }) => ({ name, url })),
    doubles: doubles.map(({ name, url }) => ({ name, url })),
    stop,
  };
}
