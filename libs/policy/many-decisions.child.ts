import { CedarPolicyEngine } from './cedar-policy.engine.js';
import type { PolicyBundleSource } from './policy-bundle.js';

/** Decides by the bundle of its second argument as often as the first says: in turns, with litter between them, as a server. */
const [, , turns, source = ''] = process.argv;
const engine = CedarPolicyEngine.load(JSON.parse(source) as PolicyBundleSource);
const litter: unknown[] = [];

const purchase = (amountMinor: number) => ({
  tenant: 'sandbox',
  agent: { id: 'agt_1', name: 'Buyer' },
  mandate: { id: 'mnd_1' },
  payee: { id: 'acme-books', mcc: '5942' },
  amountMinor,
  currency: 'USD',
  captureMethod: 'automatic' as const,
  now: '2026-03-01T12:00:00.000Z',
});

for (let turn = 0; turn < Number(turns); turn += 1) {
  for (let index = 0; index < 500; index += 1) engine.decide(purchase(100 + index));
  await new Promise((resolve) => setImmediate(resolve));
  litter[0] = [...Array(100_000).keys()].map((each) => ({ each }));
}
