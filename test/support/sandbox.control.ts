import { createHttpClient } from './http.client.js';

export const PROCESSORS = ['sandbox_a', 'sandbox_b'] as const;
export type ProcessorName = (typeof PROCESSORS)[number];

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

export interface SandboxControl {
  books(processor: ProcessorName): Promise<Charge[]>;
  /** Both processors' books. */
  charges(): Promise<Charge[]>;
  /** What the books hold for one payment, in whatever state. */
  chargesOf(paymentIntent: string): Promise<Charge[]>;
  fault(processor: ProcessorName, fault: Fault): Promise<void>;
  /** Ends all faults. */
  heal(): Promise<void>;
  close(): void;
}

export function createSandboxControl(url: string): SandboxControl {
  const http = createHttpClient(url);

  const books = async (processor: ProcessorName): Promise<Charge[]> => {
    const answer = await http.call<{ charges: Omit<Charge, 'processor'>[] }>(
      'GET',
      `/processors/${processor}/books`,
    );
    if (answer.status !== 200) throw new Error(`the books answered ${answer.status}`);
    return answer.body.charges.map((charge) => ({ ...charge, processor }));
  };
  const charges = async () => (await Promise.all(PROCESSORS.map(books))).flat();
  const fault = async (processor: ProcessorName, { mode, latency_ms = 0, rate = 1 }: Fault) => {
    const answer = await http.call('PUT', `/processors/${processor}/faults`, {
      json: { mode, latency_ms, rate },
    });
    if (answer.status >= 300) {
      throw new Error(`the fault switch answered ${answer.status}: ${answer.bytes.toString()}`);
    }
  };

  return {
    books,
    charges,
    fault,
    chargesOf: async (paymentIntent) =>
      (await charges()).filter((charge) => ownerOf(charge) === paymentIntent),
    heal: async () => {
      await Promise.all(PROCESSORS.map((processor) => fault(processor, { mode: 'none' })));
    },
    close: http.close,
  };
}

/** The payment a charge was made for: its merchant reference carries the 26 characters of the payment's id. */
export function ownerOf(charge: Charge): string | null {
  const id = /[a-z2-7]{26}/.exec(charge.merchant_reference)?.[0];
  return id === undefined ? null : `pi_${id}`;
}
