import type { PaymentIntent } from './contract.types.js';
import { ownerOf, type Charge } from './sandbox.control.js';

/** Money that the charge took or still holds from the buyer. */
export function hasMoney(charge: Charge): boolean {
  return charge.state === 'authorized' || charge.amount_captured > charge.amount_refunded;
}

/**
 * Lays the processors' books beside what the server says and names everything that disagrees: a payment charged twice, a charge that
 * belongs to no payment, a success without its money, another amount captured or refunded, a failure that kept some, a payment
 * without an end. `toCapture` says how much a payment that succeeded was to take: the whole, unless a test captured a part.
 */
export function disagreements(
  charges: readonly Charge[],
  payments: readonly PaymentIntent[],
  toCapture: (payment: PaymentIntent) => number = ({ amount }) => amount,
): string[] {
  const byPayment = new Map<string, Charge[]>(payments.map(({ id }) => [id, []]));
  const found: string[] = [];
  for (const charge of charges.filter(hadMoney)) {
    const own = byPayment.get(ownerOf(charge) ?? '');
    if (own) own.push(charge);
    else found.push(`a charge belongs to no payment: ${JSON.stringify(charge)}`);
  }
  for (const payment of payments) {
    const own = byPayment.get(payment.id) ?? [];
    const wrong = verdict(payment, own, toCapture(payment));
    if (wrong) found.push(`${payment.id} ${wrong}: ${JSON.stringify({ payment, charges: own })}`);
  }
  return found;
}

/** Also when all of it went back. */
function hadMoney(charge: Charge): boolean {
  return charge.state === 'authorized' || charge.amount_captured > 0;
}

function verdict(
  payment: PaymentIntent,
  charges: readonly Charge[],
  toCapture: number,
): string | null {
  const [charge] = charges;
  if (charges.length > 1) return 'was charged more than once';
  if (charge && charge.currency !== payment.currency) return 'was charged in another currency';
  switch (payment.status) {
    case 'succeeded':
      if (!charge || charge.state === 'authorized') return 'succeeded without a captured charge';
      if (charge.amount_captured !== toCapture) return 'was charged another amount';
      return agreesWith(payment, charge);
    case 'failed':
    case 'canceled':
      if (!charge) return null;
      return hasMoney(charge) ? 'failed and kept money' : agreesWith(payment, charge);
    case 'processing':
    case 'requires_approval':
    case 'requires_action':
    case 'requires_capture':
      return 'did not conclude';
  }
}

function agreesWith(payment: PaymentIntent, charge: Charge): string | null {
  return charge.amount_captured === payment.amount_captured &&
    charge.amount_refunded === payment.amount_refunded
    ? null
    : 'tells other amounts than the books';
}
