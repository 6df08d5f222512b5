import { Refusal } from './json-http.js';

export interface Item {
  sku: string;
  quantity: number;
}

export interface ReservationRequest {
  key: string;
  items: readonly Item[];
  payee: string;
  orderReference: string;
}

interface Reservation {
  id: string;
  status: 'reserved' | 'confirmed' | 'released';
  /** Null: released before it was ever made. */
  request: ReservationRequest | null;
}

/** Of everything else there is more than enough. */
const SOLD_OUT = 'SOLD-OUT';

/** One merchant's truth about its goods, in memory for as long as the sandbox runs. Every method is atomic. */
export class MerchantBooks {
  private readonly byKey = new Map<string, Reservation>();

  constructor(private readonly newId: () => string) {}

  /** True when it is new; the same request again finds the reservation as it is. */
  reserve(request: ReservationRequest): boolean {
    const { key } = request;
    const known = this.byKey.get(key);
    if (known) {
      if (known.status === 'released') throw released('reserved');
      if (JSON.stringify(known.request) === JSON.stringify(request)) return false;
      throw new Refusal(409, 'key_reused', 'The key belongs to another reservation.');
    }
    if (request.items.some(({ sku }) => sku === SOLD_OUT)) {
      throw new Refusal(409, 'out_of_stock', `There is no ${SOLD_OUT} left.`);
    }
    this.byKey.set(key, { id: this.newId(), status: 'reserved', request });
    return true;
  }

  confirm(key: string): void {
    const known = this.byKey.get(key);
    if (!known) throw new Refusal(409, 'not_reserved', 'Nothing is reserved under this key.');
    if (known.status === 'released') throw released('confirmed');
    known.status = 'confirmed';
  }

  /** Kept also for a key that was never seen: messages may cross. */
  release(key: string): void {
    const known = this.byKey.get(key);
    if (known?.status === 'confirmed') {
      throw new Refusal(409, 'reservation_confirmed', 'A confirmed reservation is sold.');
    }
    if (known) known.status = 'released';
    else this.byKey.set(key, { id: this.newId(), status: 'released', request: null });
  }

  /** A reservation as the merchant's own interface shows it. */
  show(key: string): { id: string; key: string; status: string } | undefined {
    const known = this.byKey.get(key);
    return known && { id: known.id, key, status: known.status };
  }

  /** All of them, in the order in which their keys were first seen. */
  list(): object[] {
    return [...this.byKey].map(([key, { id, status, request }]) => ({
      id,
      key,
      status,
      items: request?.items ?? [],
    }));
  }
}

const released = (verb: string) =>
  new Refusal(409, 'reservation_released', `A released reservation cannot be ${verb}.`);
