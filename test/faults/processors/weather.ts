import { STRIPE_DOUBLE } from '../../../apps/sandbox/doubles.js';
import {
  DOUBLES,
  type Fault,
  type FaultMode,
  type SandboxControl,
} from '../../support/sandbox.control.js';
import type { SeededRandom } from '../../support/seeded.random.js';

/** What both doubles and their webhooks do for a while. */
export interface Weather {
  readonly faults: Readonly<Record<(typeof DOUBLES)[number], Fault>>;
  readonly stripeNotices: 'well' | 'twice' | 'out_of_order' | 'lost';
  readonly adyenSwitches: {
    webhooks_repeated?: number;
    webhooks_reversed?: boolean;
    webhooks_held?: boolean;
    webhooks_lost?: boolean;
    key_store_down?: boolean;
  };
}

/** Ends all faults, and brings the webhooks of Adyen that were late. */
export const FAIR: Weather = {
  faults: { stripe: { mode: 'none' }, adyen: { mode: 'none' } },
  stripeNotices: 'well',
  adyenSwitches: {},
};

const MODES: readonly FaultMode[] = [
  'refuse',
  'blackhole',
  'error_500_before',
  'error_500_after',
  'timeout_before',
  'timeout_after',
  'slow',
];
const FAULTY_SHARE = 0.5;

/** Lost for good are the webhooks of Stripe only: what Adyen took on, nothing else can tell the end of. */
export function drawWeather(random: SeededRandom): Weather {
  return {
    faults: { stripe: drawFault(random), adyen: drawFault(random) },
    stripeNotices: random.pick(['well', 'twice', 'out_of_order', 'lost']),
    adyenSwitches: random.pick<Weather['adyenSwitches']>([
      {},
      { webhooks_repeated: 2 },
      { webhooks_reversed: true },
      { webhooks_held: true },
      { webhooks_repeated: 1, webhooks_held: true },
      { key_store_down: true },
    ]),
  };
}

function drawFault(random: SeededRandom): Fault {
  if (random.next() >= FAULTY_SHARE) return { mode: 'none' };
  const mode = random.pick(MODES);
  return {
    mode,
    latency_ms: mode === 'slow' ? random.pick([200, 3_000]) : random.pick([0, 50]),
    rate: random.pick([0.3, 0.6, 1]),
  };
}

export async function setWeather(
  sandbox: SandboxControl,
  bursarUrl: string,
  { faults, stripeNotices, adyenSwitches }: Weather,
): Promise<void> {
  for (const double of DOUBLES) await sandbox.fault(double, faults[double]);
  await sandbox.put('/processors/adyen/switches', adyenSwitches);
  await sandbox.put('/processors/stripe/webhooks', {
    url: stripeNotices === 'lost' ? null : `${bursarUrl}/webhooks/stripe`,
    secret: STRIPE_DOUBLE.webhookSecret,
    twice: stripeNotices === 'twice',
    out_of_order: stripeNotices === 'out_of_order',
  });
}
