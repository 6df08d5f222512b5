import type { ReadModelReader } from '#runtime/projection';

export interface ChargeNames {
  processor: string;
  /** Of the attempt or, with `-r…`, of one of its refunds. */
  key: string | null;
  reference: string | null;
}

/** Whose charge it is: by our key, and where there is none by the processor's name for it. `id`: of the payment, without prefix. */
export function paymentOfCharge(
  db: ReadModelReader,
  { processor, key, reference }: ChargeNames,
): { id: string; tenant: string } | null {
  const [column, value] =
    key === null ? ['reference', reference] : ['key', key.replace(/-r\d+$/, '')];
  const row = db.get<{ payment: string; tenant: string }>(
    `SELECT payment, tenant FROM processor_books
     WHERE processor = ? AND ${column} = ? AND subject = 'charge' LIMIT 1`,
    processor,
    value,
  );
  return row ? { id: row.payment.slice('pi_'.length), tenant: row.tenant } : null;
}
