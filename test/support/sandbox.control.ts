import type { ReservedItem } from './contract.types.js';
import { createHttpClient } from './http.client.js';

export const PROCESSORS = ['sandbox_a', 'sandbox_b'] as const;
/** The sandbox's doubles of real processors, where a server has them. */
export const DOUBLES = ['stripe', 'adyen'] as const;
export type ProcessorName = (typeof PROCESSORS | typeof DOUBLES)[number];

export type FaultMode =
  | 'none'
  | 'refuse'
  | 'blackhole'
  | 'error_500_before'
  | 'error_500_after'
  | 'timeout_before'
  | 'timeout_after'
  | 'slow';

export interface Fault {
  mode: FaultMode;
  latency_ms?: number;
  /** Which share of the calls it hits, 0 to 1. */
  rate?: number;
}

/** A charge as the processor's own books tell it. */
export interface Charge {
  processor: ProcessorName;
  reference: string;
  /** What the merchant called it: the key of the attempt, which begins with the payment's id. */
  merchant_reference: string;
  idempotency_key: string;
  amount: number;
  currency: string;
  state: 'authorized' | 'captured' | 'voided' | 'refunded';
  amount_captured: number;
  amount_refunded: number;
}

export type RateSwitches =
  | { mode: 'none' | 'stale' | 'down' | 'hang' | 'nonsense' }
  | { mode: 'off'; currency: string; factor: number };

/** A reservation as the merchant's own books tell it. */
export interface MerchantReservation {
  id: string;
  key: string;
  status: 'reserved' | 'confirmed' | 'released';
  items: ReservedItem[];
}

export interface SandboxControl {
  books(processor: ProcessorName): Promise<Charge[]>;
  /** All processors' books. */
  charges(): Promise<Charge[]>;
  /** What the books hold for one payment, in whatever state. */
  chargesOf(paymentIntent: string): Promise<Charge[]>;
  fault(processor: ProcessorName, fault: Fault): Promise<void>;
  /** All reservations at the merchant. */
  reservations(): Promise<MerchantReservation[]>;
  /** What the merchant knows of one payment's reservation. */
  reservationsOf(paymentIntent: string): Promise<MerchantReservation[]>;
  merchantFault(fault: Fault): Promise<void>;
  /** Makes a source of exchange rates old, wrong, silent or mad; `{ mode: 'none' }` ends it. */
  switchRates(source: 'rates_a' | 'rates_b', switches: RateSwitches): Promise<void>;
  /** Turns a switch that only some of the simulated have. */
  put(path: string, switches: object): Promise<void>;
  /** Ends all faults of processors and merchants. */
  heal(): Promise<void>;
  close(): void;
}

export function createSandboxControl(
  url: string,
  processors: readonly ProcessorName[] = PROCESSORS,
): SandboxControl {
  const http = createHttpClient(url);

  const look = async <T>(path: string): Promise<T> => {
    const answer = await http.call<T>('GET', path);
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`);
    return answer.body;
  };
  const put = async (path: string, switches: object) => {
    const answer = await http.call('PUT', path, { json: switches });
    if (answer.status >= 300) {
      throw new Error(`${path} answered ${answer.status}: ${answer.bytes.toString()}`);
    }
  };
  const switchFault = (path: string, { mode, latency_ms = 0, rate = 1 }: Fault) =>
    put(path, { mode, latency_ms, rate });
  const books = async (processor: ProcessorName): Promise<Charge[]> => {
    const { charges } = await look<{ charges: Omit<Charge, 'processor'>[] }>(
      `/processors/${processor}/books`,
    );
    return charges.map((charge) => ({ ...charge, processor }));
  };
  const charges = async () => (await Promise.all(processors.map(books))).flat();
  const fault = (processor: ProcessorName, to: Fault) =>
    switchFault(`/processors/${processor}/faults`, to);
  const reservations = async () =>
    (await look<{ reservations: MerchantReservation[] }>('/merchants/warehouse/books'))
      .reservations;
  const merchantFault = (to: Fault) => switchFault('/merchants/warehouse/faults', to);

  return {
    books,
    charges,
    fault,
    put,
    reservations,
    merchantFault,
    switchRates: (source, switches) => put(`/rates/${source}/switches`, switches),
    reservationsOf: async (paymentIntent) =>
      (await reservations()).filter(({ key }) => paymentIn(key) === paymentIntent),
    chargesOf: async (paymentIntent) =>
      (await charges()).filter((charge) => ownerOf(charge) === paymentIntent),
    heal: async () => {
      const none: Fault = { mode: 'none' };
      await Promise.all([
        ...processors.map((processor) => fault(processor, none)),
        merchantFault(none),
      ]);
    },
    close: http.close,
  };
}

/** The payment a charge was made for. */
export function ownerOf(charge: Charge): string | null {
  return paymentIn(charge.merchant_reference);
}

/** References and keys that Bursar gives away carry the 26 characters of the payment's id. */
export function paymentIn(reference: string): string | null {
  const id = /[a-z2-7]{26}/.exec(reference)?.[0];
  return id === undefined ? null : `pi_${id}`;
}
