import type { PaymentIntent } from './contract.types.js';
import { ownerOf, type Charge } from './sandbox.control.js';

/** Money that the charge took or still holds from the buyer. */
export function hasMoney(charge: Charge): boolean {
  return charge.state === 'authorized' || charge.amount_captured > charge.amount_refunded;
}

/**
 * Lays the processors' books beside what the server says and names everything that disagrees: a payment charged twice, a charge that
 * belongs to no payment, a success without its money, a failure that kept some, a payment without an end.
 */
export function disagreements(
  charges: readonly Charge[],
  payments: readonly PaymentIntent[],
): string[] {
  const byPayment = new Map<string, Charge[]>(payments.map(({ id }) => [id, []]));
  const found: string[] = [];
  for (const charge of charges.filter(hasMoney)) {
    const own = byPayment.get(ownerOf(charge) ?? '');
    if (own) own.push(charge);
    else found.push(`a charge belongs to no payment: ${JSON.stringify(charge)}`);
  }
  for (const payment of payments) {
    const wrong = verdict(payment, byPayment.get(payment.id) ?? []);
    if (wrong) {
      found.push(
        `${payment.id} ${wrong}: ${JSON.stringify({ payment, charges: byPayment.get(payment.id) })}`,
      );
    }
  }
  return found;
}

function verdict(payment: PaymentIntent, charges: readonly Charge[]): string | null {
  const [charge] = charges;
  if (charges.length > 1) return 'was charged more than once';
  switch (payment.status) {
    case 'succeeded':
      if (charge?.state !== 'captured') return 'succeeded without a captured charge';
      return charge.amount_captured === payment.amount_captured &&
        charge.amount_captured === payment.amount &&
        charge.currency === payment.currency
        ? null
        : 'was charged another amount';
    case 'failed':
    case 'canceled':
      return charge ? 'failed and kept money' : null;
    case 'processing':
    case 'requires_approval':
    case 'requires_action':
    case 'requires_capture':
      return 'did not conclude';
  }
}
