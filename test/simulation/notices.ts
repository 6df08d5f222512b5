import type { Messages } from '#contracts';
import type { NoticeMeaning, ProcessorNotice } from '#domain';
import type { RecordedEvent } from '#event-store';
import type { Charge } from '../../apps/sandbox/books.js';
import type { Faults } from './faults.js';
import { type Kernel, type Life, SimClock } from './kernel.js';
import type { SimProcessorServer } from './sim.network.js';

type Receive = Messages['commands.processor_notice.receive']['request'];
type Payment = Messages['queries.charges.payment'];

const RETRY_MS = 2_000;
const TRIES_MAX = 30;
const ONCE_TAKEN = ['authorized', 'captured', 'refunded', 'voided', 'expired'];
const LET_GO = ['voided', 'expired', 'canceled'];

/** What processors tell unasked about their books: late, twice, in any order, or never. They ask until somebody answers. */
export class Notices {
  private readonly told = new Set<string>();
  private readonly clock = new SimClock(this.kernel, 0);
  private readonly attempts = new Map<string, { id: string; tenant: string }>();

  constructor(
    private readonly kernel: Kernel,
    private readonly faults: Faults,
    private readonly processors: Life,
    private readonly send: (notice: Receive) => Promise<{ ok: boolean }>,
  ) {}

  /** Stands in for the read model of charges. */
  saw({ type, stream, data, metadata }: RecordedEvent): void {
    if (type !== 'AttemptStarted') return;
    const id = stream.slice('payment_intent-'.length);
    const place = `${String(data['processor'])} ${String(data['key'])}`;
    this.attempts.set(place, { id, tenant: String(metadata['tenant']) });
  }

  payment({ processor, key }: Payment['request']): Payment['reply'] {
    return this.attempts.get(`${processor} ${(key ?? '').replace(/-r\d+$/, '')}`) ?? null;
  }

  /** After every call: whatever is new in the books is told. */
  look({ name, books, merchantReferences }: SimProcessorServer): void {
    const at = new Date(this.clock.now()).toISOString();
    for (const charge of [...merchantReferences].flatMap((each) =>
      books.withMerchantReference(each),
    )) {
      for (const notice of noticesOf(charge, at)) {
        const once = `${name} ${notice.id}`;
        if (this.told.has(once)) continue;
        this.told.add(once);
        if (this.faults.strikes('noticeLost')) continue;
        this.deliver({ processor: name, notice }, TRIES_MAX);
        if (this.faults.strikes('noticeTwice'))
          this.deliver({ processor: name, notice }, TRIES_MAX);
      }
    }
  }

  private deliver(notice: Receive, tries: number, afterMs = this.delayMs()): void {
    const { type, id } = notice.notice;
    this.kernel.schedule(afterMs, `notice ${type} ${id}`, this.processors, () => {
      const again = () => {
        if (tries > 1) this.deliver(notice, tries - 1, RETRY_MS);
      };
      this.send(notice).catch(again);
    });
  }

  private delayMs(): number {
    const { prng } = this.kernel;
    return prng.chance(0.7) ? prng.below(100) : prng.below(prng.chance(0.7) ? 5_000 : 60_000);
  }
}

function noticesOf(charge: Charge, at: string): ProcessorNotice[] {
  const { id, status, amount: amountMinor, currency, amountCaptured } = charge;
  const succeeded = { kind: 'succeeded', reference: id, currency } as const;
  const meanings: [string, NoticeMeaning][] = [];
  if (ONCE_TAKEN.includes(status))
    meanings.push(['authorized', { about: 'authorize', outcome: { ...succeeded, amountMinor } }]);
  if (amountCaptured > 0)
    meanings.push([
      'captured',
      { about: 'capture', outcome: { ...succeeded, amountMinor: amountCaptured } },
    ]);
  if (LET_GO.includes(status))
    meanings.push(['voided', { about: 'void', outcome: { ...succeeded, amountMinor } }]);
  for (const refund of charge.refunds) {
    if (refund.status === 'pending') continue;
    const { idempotencyKey: refundKey, id: reference } = refund;
    const outcome =
      refund.status === 'succeeded'
        ? ({ kind: 'succeeded', reference, amountMinor: refund.amount, currency } as const)
        : ({ kind: 'declined', category: 'hard', code: 'refund_failed', reference } as const);
    meanings.push([`${reference} ${refund.status}`, { about: 'refund', refundKey, outcome }]);
  }
  return meanings.map(([what, meaning]) => ({
    id: `${id} ${what}`,
    type: what,
    at,
    attemptKey: charge.merchantReference,
    reference: id,
    meaning,
  }));
}
