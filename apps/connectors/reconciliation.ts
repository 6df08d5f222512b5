import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import type { Messages, Reconciliation as Report } from '#contracts';
import {
  type BooksWindow,
  DIFFERENCE_KINDS,
  type Difference,
  type OurRecord,
  type TheirRecord,
  compareBooks,
  isExpected,
  isIn,
  matchBooks,
} from '#domain';
import { Clock } from '#platform';
import { type GuardedProcessor, ProcessorRegistry } from '#processors';

type Run = Messages['effects.reconciliation.run'];

/** How much later, or earlier by its clock, a processor makes a record of what began here. */
const MARGIN_MS = 60 * 60 * 1_000;
const PAGE = 500;
const ASKED_FOR_AT_ONCE = 500;

interface Listed {
  records: TheirRecord[];
  asOfMs: number;
}

/** Compares our books with a processor's, both ways. Changes nothing, here or there. */
@Injectable()
export class Reconciliation {
  constructor(
    private readonly registry: ProcessorRegistry,
    private readonly bus: Bus<Messages>,
    private readonly clock: Clock,
  ) {}

  async run(asked: Run['request']): Promise<Run['reply']> {
    const processor = this.registry.find(asked.processor);
    if (!processor) return null;
    const { window } = asked;
    // Theirs first: what they show then is in ours, if it was ever here.
    const listed = await this.listed(processor, window);
    if (typeof listed === 'string') return failedReport(asked, listed, this.clock.now());
    const { records: theirs, asOfMs } = listed;
    const own = await this.ours(processor.name, window);
    const ours = [...own, ...(await this.fromElsewhere(processor.name, window, own, theirs))];
    const differences = compareBooks({ ours, theirs, window, marginMs: MARGIN_MS, asOfMs });
    return reportOf(asked, { own, theirs, differences, asOfMs });
  }

  private async listed(
    processor: GuardedProcessor,
    { fromMs, toMs }: BooksWindow,
  ): Promise<Listed | string> {
    const wide = { fromMs: fromMs - MARGIN_MS, toMs: toMs + MARGIN_MS };
    const records: TheirRecord[] = [];
    let asOfMs = this.clock.now();
    let cursor: string | null = null;
    do {
      const page = await processor.list(wide, cursor);
      if (page.kind === 'failed') return page.evidence;
      if (page.next !== null && page.next === cursor) return 'pages_repeat';
      for (const record of page.records) records.push(record);
      asOfMs = Math.min(asOfMs, page.asOfMs ?? asOfMs);
      cursor = page.next;
    } while (cursor !== null);
    return { records, asOfMs };
  }

  private async ours(processor: string, window: BooksWindow): Promise<OurRecord[]> {
    const records: OurRecord[] = [];
    let cursor: string | null = null;
    do {
      const asked = { processor, window, cursor, limit: PAGE };
      const page: Messages['queries.reconciliation.records']['reply'] = await this.bus.request(
        'queries.reconciliation.records',
        asked,
      );
      for (const record of page.records) records.push(record);
      cursor = page.next;
    } while (cursor !== null);
    return records;
  }

  /** What they list in the window and we know from another time, such as a refund that took a day to get through. */
  private async fromElsewhere(
    processor: string,
    window: BooksWindow,
    own: readonly OurRecord[],
    theirs: readonly TheirRecord[],
  ): Promise<OurRecord[]> {
    const unknown = matchBooks(own, theirs).theirsAlone.filter((each) => isIn(window, each));
    const known = new Set(own.map(({ key }) => key));
    const found: OurRecord[] = [];
    for (let from = 0; from < unknown.length; from += ASKED_FOR_AT_ONCE) {
      const some = unknown.slice(from, from + ASKED_FOR_AT_ONCE);
      const keys = some.map(({ key }) => key).filter((key) => key !== null);
      const references = some.map(({ reference }) => reference);
      const asked = { processor, keys, references };
      const records = await this.bus.request('queries.reconciliation.find', asked);
      for (const record of records) {
        if (!known.has(record.key)) found.push(record);
        known.add(record.key);
      }
    }
    return found;
  }
}

const failedReport = (
  { processor, window, tenant }: Run['request'],
  failure: string,
  asOfMs: number,
): Report => ({
  ...{ processor, window, asOfMs, failure },
  ...{ ours: 0, theirs: tenant === null ? 0 : null, counts: {}, unexpected: 0, differences: [] },
});

/** What one tenant may see: what is its own, and what is nobody's. */
function reportOf(
  { processor, window, tenant, limit }: Run['request'],
  {
    own,
    theirs,
    differences,
    asOfMs,
  }: { own: OurRecord[]; theirs: TheirRecord[]; differences: Difference[]; asOfMs: number },
): Report {
  const isSeen = (whose: string | null) => tenant === null || whose === null || whose === tenant;
  const seen = differences.filter((each) => isSeen(each.tenant));
  const counts = DIFFERENCE_KINDS.map(
    (kind) => [kind, seen.filter((each) => each.kind === kind).length] as const,
  );
  const unexpected = seen.filter((each) => !isExpected(each));
  const shown = [...unexpected, ...seen.filter(isExpected)].slice(0, limit);
  return {
    ...{ processor, window, asOfMs, failure: null },
    ours: own.filter((each) => isSeen(each.tenant)).length,
    theirs: tenant === null ? theirs.filter((each) => isIn(window, each)).length : null,
    counts: Object.fromEntries(counts.filter(([, count]) => count > 0)),
    unexpected: unexpected.length,
    differences: shown,
  };
}
