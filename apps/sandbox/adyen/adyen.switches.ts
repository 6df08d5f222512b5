import { fieldsOf, Refusal } from '../json-http.js';

/** What can be broken about Adyen beyond the faults that all processors have. */
export interface AdyenSwitches {
  /** How often a notification is sent after the first time. */
  webhooksRepeated: number;
  /** Notifications are held back and sent in the wrong order. */
  webhooksReversed: boolean;
  /** Notifications wait until this is false again, as those that nobody takes do. */
  webhooksHeld: boolean;
  /** Every notification is lost on its way for good. */
  webhooksLost: boolean;
  /** The store of the idempotency keys is down: requests with a key are answered 503, code 703. */
  keyStoreDown: boolean;
}

export const ALL_WELL: AdyenSwitches = {
  webhooksRepeated: 0,
  webhooksReversed: false,
  webhooksHeld: false,
  webhooksLost: false,
  keyStoreDown: false,
};

const REPEATED_MAX = 10;

/** Reads `{ webhooks_repeated = 0 }`, and flags of the other switches that are false where they are not given. */
export function parseSwitches(body: unknown): AdyenSwitches {
  const fields = fieldsOf(body, Object.keys(switchesToWire(ALL_WELL)));
  const { webhooks_repeated = 0 } = fields;
  const isCount = Number.isInteger(webhooks_repeated);
  if (!isCount || Number(webhooks_repeated) < 0 || Number(webhooks_repeated) > REPEATED_MAX) {
    throw new Refusal(
      400,
      'validation_failed',
      `webhooks_repeated must be an integer from 0 to ${REPEATED_MAX}.`,
    );
  }
  return {
    webhooksRepeated: Number(webhooks_repeated),
    webhooksReversed: flagOf(fields, 'webhooks_reversed'),
    webhooksHeld: flagOf(fields, 'webhooks_held'),
    webhooksLost: flagOf(fields, 'webhooks_lost'),
    keyStoreDown: flagOf(fields, 'key_store_down'),
  };
}

export const switchesToWire = (switches: AdyenSwitches) => ({
  webhooks_repeated: switches.webhooksRepeated,
  webhooks_reversed: switches.webhooksReversed,
  webhooks_held: switches.webhooksHeld,
  webhooks_lost: switches.webhooksLost,
  key_store_down: switches.keyStoreDown,
});

function flagOf(fields: Record<string, unknown>, name: string): boolean {
  const { [name]: flag = false } = fields;
  if (typeof flag === 'boolean') return flag;
  throw new Refusal(400, 'validation_failed', `${name} must be true or false.`);
}
