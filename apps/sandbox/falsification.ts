import type { Falsification, NewCharge } from './books.js';
import { fieldsOf, Refusal } from './json-http.js';

export interface Falsified {
  /** Of the charge or refund to change; without one a charge is added. */
  reference: string | undefined;
  charge: NewCharge;
  change: Falsification;
}

const FIELDS = {
  reference: 'string',
  amount: 'number',
  currency: 'string',
  merchant_reference: 'string',
  status: 'string',
  amount_captured: 'number',
  lost: 'boolean',
} as const;

/** Reads `{ reference?, amount?, currency?, merchant_reference?, status?, amount_captured?, lost? }`. */
export function parseFalsification(body: unknown): Falsified {
  const fields = fieldsOf(body, Object.keys(FIELDS)) as Partial<{
    reference: string;
    amount: number;
    currency: string;
    merchant_reference: string;
    status: string;
    amount_captured: number;
    lost: boolean;
  }>;
  for (const [name, type] of Object.entries(FIELDS)) {
    const value = fields[name as keyof typeof fields];
    if (value === undefined || typeof value === type) continue;
    throw new Refusal(400, 'validation_failed', `${name} must be a ${type}.`);
  }
  const { reference, amount, currency, merchant_reference, status, amount_captured, lost } = fields;
  return {
    reference,
    charge: {
      amount: amount ?? 4_200,
      currency: currency ?? 'EUR',
      paymentMethod: 'pm_sandbox_visa',
      merchantReference: merchant_reference ?? '',
    },
    change: {
      ...(amount !== undefined && { amount }),
      ...(currency !== undefined && { currency }),
      ...(status !== undefined && { status }),
      ...(amount_captured !== undefined && { amountCaptured: amount_captured }),
      ...(lost !== undefined && { lost }),
    },
  };
}
