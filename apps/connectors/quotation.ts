import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import { type Answer, type Call, type Messages, answer, deriveId, problem } from '#contracts';
import type { NoRate, NoRateReason } from '#domain';
import { Trouble } from '#platform';
import { RateBoard } from '#rates';

type Asked = Messages['effects.rates.quote']['request'];

const DETAILS: Readonly<Record<NoRateReason, string>> = {
  no_rate: 'No source of rates has a fresh rate now.',
  too_few_sources: 'Fewer sources have a fresh rate than are needed.',
  sources_disagree: 'The sources of rates disagree by more than is put up with.',
  currency_not_covered: 'No source has rates of both currencies.',
};

/**
 * Finds the rate that a quote is made of and has the write side issue it: the rate comes there from whoever asked the sources, by no
 * detour. Without a rate nothing is recorded, and the key stays unused.
 */
@Injectable()
export class Quotation {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly rates: RateBoard,
    private readonly trouble: Trouble,
  ) {}

  /** @throws BusError */
  async quote(call: Asked): Promise<Answer> {
    const asked = { ...call, quote: idOf(call) };
    // What was answered once is answered again, whatever became of the rates.
    const earlier = await this.bus.request('commands.quote.recall', asked);
    if (earlier) return earlier;
    const { currency, charge_currency } = call.request;
    const found = await this.rates.find(currency, charge_currency);
    if (found.ok) return this.bus.request('commands.quote.issue', { ...asked, rate: found.rate });
    if (found.reason === 'sources_disagree') this.report(call, found);
    return unavailable(call, found);
  }

  /** One of them is wrong, and nobody here knows which. */
  private report({ traceId }: Call, { opinions }: NoRate): void {
    const said = opinions.map(({ source, rate }) => `${source} ${rate}`).join(', ');
    this.trouble.report(`sources of rates disagree, trace ${traceId}`, new Error(said));
  }
}

function idOf({ principal, path, idempotencyKey }: Call): string {
  return `qt_${deriveId(principal.tenant, principal.id, 'POST', path, idempotencyKey)}`;
}

function unavailable(
  { path: instance, traceId, request }: Asked,
  { reason, opinions, noOpinions }: NoRate,
): Answer {
  const violations = [
    ...opinions.map(({ source, rate }) => ({ ...VIOLATION, rule: 'said', source, rate })),
    ...noOpinions.map(({ source, reason: rule, detail }) => ({
      ...VIOLATION,
      rule,
      source,
      detail,
    })),
  ];
  const facts = { code: 'rate_unavailable', detail: DETAILS[reason], instance, traceId } as const;
  if (reason !== 'currency_not_covered') return answer(problem({ ...facts, violations }));
  // No time brings it: what can be had is the price in the currency it is in.
  const patch = [{ op: 'replace', path: '/charge_currency', value: request.currency } as const];
  return answer(
    problem({
      ...{ ...facts, violations, retry: { retryable: false, same_key: true } },
      remedies: [{ type: 'modify_request', actor: 'agent', patch }],
    }),
  );
}

const VIOLATION = { pointer: '/charge_currency' };
