import { Controller, UseFilters } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import { type Answer, type Call, type Messages, type QuoteRequest, answer } from '#contracts';
import type { QuoteCommand, Unpriceable, WantedQuote } from '#domain';
import { Clock } from '#platform';
import { ToQuote } from './actors.js';
import { keyReused, metaOfCall, operationId, refuse, storeTrouble } from './calls.js';
import { concludedOperation } from './operations.js';
import { QuoteTerms } from './quote-terms.js';

type Recall = Messages['commands.quote.recall'];
type Issue = Messages['commands.quote.issue'];

const UNPRICEABLE: Readonly<Record<Unpriceable, string>> = {
  too_small: 'is worth less than the smallest amount that can be charged in charge_currency',
  too_large: 'is worth more than can be charged in charge_currency',
  no_amount: 'cannot be converted',
};

/** Prices that stand. The rates come from those who asked the sources. */
@Controller()
@UseFilters(AsItIs)
export class QuotesController {
  constructor(
    private readonly commandBus: CommandBus,
    private readonly clock: Clock,
    private readonly terms: QuoteTerms,
  ) {}

  @MessagePattern('commands.quote.recall')
  async recall(@Payload() call: Recall['request']): Promise<Recall['reply']> {
    const operation = { id: operationId(call), request: call.request };
    try {
      const told = await this.tell(call, { type: 'RecallQuote', operation });
      if (!told.ok) return keyReused(call, told.details.pointers);
      const recorded = told.state.answers.get(operation.id);
      return recorded ? answer(recorded, { replayed: true }) : null;
    } catch (error) {
      return storeTrouble(call, error);
    }
  }

  @MessagePattern('commands.quote.issue')
  async issue(@Payload() call: Issue['request']): Promise<Answer> {
    const { rules, validForMs } = this.terms;
    const issue = {
      type: 'IssueQuote',
      ...{ wanted: wantedBy(call), rate: call.rate, rules, validForMs },
      operation: { id: operationId(call), request: call.request },
      nowMs: this.clock.now(),
    } as const;
    try {
      const told = await this.tell(call, issue);
      const unpriceable = told.ok ? null : told.details.unpriceable;
      return unpriceable === null
        ? await concludedOperation(call, () => Promise.resolve(told))
        : unpriced(call, unpriceable);
    } catch (error) {
      return storeTrouble(call, error);
    }
  }

  private tell(call: Call & { quote: string }, command: QuoteCommand) {
    const { quote } = call;
    const message = new ToQuote(quote.replace(/^qt_/, ''), command, metaOfCall(call, quote));
    return this.commandBus.execute(message);
  }
}

function wantedBy({ principal, request, quote: id }: Issue['request']): WantedQuote {
  const { amount, currency, charge_currency, payee } = request as unknown as QuoteRequest;
  return {
    ...{ id, tenant: principal.tenant, agent: principal.id },
    payee: payee ? { id: payee.id, country: payee.country ?? null } : null,
    ...{ amountMinor: amount, currency, chargeCurrency: charge_currency },
  };
}

function unpriced(call: Call, reason: Unpriceable): Answer {
  const detail = `This field ${UNPRICEABLE[reason]}.`;
  const violations = [{ pointer: '/amount', rule: reason, detail }];
  return refuse(call, 'validation_failed', `The body is not valid. /amount: ${detail}`, {
    violations,
  });
}
