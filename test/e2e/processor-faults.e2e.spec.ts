import { describe, expect, it } from 'vitest';
import { runProcessorTrials } from '../faults/processors/processors.trials.js';
import { FORM } from '../support/bursar.process.js';
import { seedFrom } from '../support/seeded.random.js';

const PAYMENTS = Number(process.env['FAULT_PAYMENTS'] ?? 40);
const SEED = seedFrom('FAULT_SEED');

// A card needs the way to the vault, which the distributed form has only where it is set up.
describe.skipIf(FORM === 'cluster')('Stripe and Adyen under faults of both', () => {
  it(
    `charge each of ${PAYMENTS} purchases once at most, and all conclude (FAULT_SEED=${SEED})`,
    { timeout: 420_000 + PAYMENTS * 1_000 },
    async () => {
      const told: string[] = [];
      const { faults, waiting, charges } = await runProcessorTrials({
        payments: PAYMENTS,
        lost: 2,
        seed: SEED,
        tell: (line) => told.push(line),
      });
      expect(faults, `FAULT_SEED=${SEED}\n${told.join('\n')}`).toEqual([]);
      // Without money at both nothing was tried; what waits was charged at Adyen.
      expect(charges['stripe captured']).toBeGreaterThan(0);
      expect(waiting).toHaveLength(2);
    },
  );
});
