import { DOUBLES, type Double, parseDoubles } from '../../sandbox/doubles.js';
import { type AdyenSettings, adyenSettingsOf } from './adyen.settings.js';
import { type StripeSettings, stripeSettingsOf } from './stripe.settings.js';

/** Whom payments can be made through. */
export interface ProcessorSettings {
  /** Names in order of preference; empty: those that are the sandbox's own, in its order. */
  order: readonly string[];
  /** Accounts at real processors; null: none there. */
  stripe: StripeSettings | null;
  adyen: AdyenSettings | null;
  /** Real processors that the sandbox stands in for. */
  doubles: readonly Double[];
}

export const ONLY_THE_SANDBOX: ProcessorSettings = {
  order: [],
  stripe: null,
  adyen: null,
  doubles: [],
};

/** Adds to `faults` what is wrong. */
export function processorSettingsOf(env: NodeJS.ProcessEnv, faults: string[]): ProcessorSettings {
  const stripe = stripeSettingsOf(env, faults);
  const adyen = adyenSettingsOf(env, faults);
  const doubles = doublesOf(env, faults);
  const keys = { stripe: 'STRIPE_SECRET_KEY', adyen: 'ADYEN_API_KEY' };
  const accounts = { stripe, adyen };
  for (const name of doubles.filter((each) => accounts[each]))
    faults.push(`BURSAR_SANDBOX_DOUBLES has a ${name}, so ${keys[name]} must not be set`);
  const present = DOUBLES.filter((name) => accounts[name] ?? doubles.includes(name));
  // Beside real accounts the sandbox has to be named: it would take what they refuse, and no money.
  const order = orderOf(env, faults) ?? present;
  for (const name of DOUBLES.filter((each) => order.includes(each) && !present.includes(each)))
    faults.push(`BURSAR_PROCESSORS names ${name}, but ${keys[name]} is not set`);
  return { order, stripe, adyen, doubles };
}

/** Whether anybody is to be paid through who is in the sandbox. */
export function needsSandbox({ order, doubles }: ProcessorSettings): boolean {
  const isReal = (name: string) => DOUBLES.some((each) => each === name);
  return order.length === 0 || doubles.length > 0 || !order.every(isReal);
}

function doublesOf(env: NodeJS.ProcessEnv, faults: string[]): readonly Double[] {
  const doubles = parseDoubles(env['BURSAR_SANDBOX_DOUBLES'] ?? '');
  if (!doubles)
    faults.push(
      `BURSAR_SANDBOX_DOUBLES must be one of ${DOUBLES.join(', ')}, or several by commas`,
    );
  return doubles ?? [];
}

function orderOf(env: NodeJS.ProcessEnv, faults: string[]): readonly string[] | undefined {
  const text = env['BURSAR_PROCESSORS']?.trim() ?? '';
  if (text === '') return undefined;
  const names = text.split(',').map((name) => name.trim());
  const isNamed = names.every((name) => /^[a-z][\da-z_]*$/.test(name));
  if (!isNamed || new Set(names).size < names.length)
    faults.push('BURSAR_PROCESSORS must be different names by commas, such as stripe,adyen');
  return names;
}
