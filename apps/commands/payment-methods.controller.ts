import { Controller, UseFilters } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import { type Messages, type Principal, answer, problem, renderPaymentMethod } from '#contracts';
import { type Operation, type PaymentMethodCommand, toRfc3339 } from '#domain';
import { Clock } from '#platform';
import type { MessageMeta } from '#runtime';
import { ToPaymentMethod } from './actors.js';
import { keyReused, metaOfCall, operationId, refuse, storeTrouble } from './calls.js';
import { concludedOperation } from './operations.js';

type Recall = Messages['commands.payment_method.recall'];
type Tokenize = Messages['commands.payment_method.tokenize'];
type Erase = Messages['commands.payment_method.erase'];

const BLOCKED = 'The fraud screen does not let this card in: too many cards, or too many declines.';

/** Tokens that stand for cards. The cards themselves never come here. */
@Controller()
@UseFilters(AsItIs)
export class PaymentMethodsController {
  constructor(
    private readonly commandBus: CommandBus,
    private readonly clock: Clock,
  ) {}

  @MessagePattern('commands.payment_method.recall')
  async recall(@Payload() call: Recall['request']): Promise<Recall['reply']> {
    const { principal, request, paymentMethod } = call;
    const id = operationId(call);
    const recall = {
      type: 'RecallTokenization',
      tenant: principal.tenant,
      operation: { id, request },
    } as const;
    try {
      const told = await this.tell(paymentMethod, recall, metaOfCall(call, paymentMethod));
      if (!told.ok) return keyReused(call, told.details.pointers);
      const recorded = told.state.answers.get(id);
      return recorded ? answer(recorded, { replayed: true }) : null;
    } catch (error) {
      return storeTrouble(call, error);
    }
  }

  @MessagePattern('commands.payment_method.tokenize')
  tokenize(@Payload() call: Tokenize['request']): Promise<Tokenize['reply']> {
    const { principal, paymentMethod: id, card, screening } = call;
    const { tenant, id: by } = principal;
    const [agent, nowMs] = [agentOf(principal), this.clock.now()];
    const tokenize = {
      type: 'TokenizeCard',
      ...{ id, tenant, agent, by, card, screening, nowMs },
      operation: answeredOperation(call, nowMs),
    } as const;
    return concludedOperation(call, () => this.tell(id, tokenize, metaOfCall(call, id)));
  }

  @MessagePattern('commands.payment_method.erase')
  async erase(@Payload() asked: Erase['request']): Promise<Erase['reply']> {
    const { principal, id, traceId, path } = asked;
    const { tenant, id: by } = principal;
    const [agent, nowMs] = [agentOf(principal), this.clock.now()];
    const erase = { type: 'ErasePaymentMethod', tenant, agent, by, nowMs } as const;
    const meta = {
      commandId: `${id}/erase`,
      correlationId: id,
      causationId: `${id}/erase`,
      tenant,
      actor: by,
      extra: { method: 'DELETE', path, traceparent: `00-${traceId}-${traceId.slice(16)}-01` },
    };
    try {
      const told = await this.tell(id, erase, meta);
      if (!told.ok && told.code === 'forbidden')
        return refuse(
          asked,
          'forbidden',
          'It is for all agents of the tenant: an operator erases it.',
        );
      const { method } = told.state;
      if (!told.ok || !method) return refuse(asked, 'not_found', 'There is no such resource.');
      return answer({ status: 200, body: JSON.stringify(renderPaymentMethod(method)) });
    } catch (error) {
      return storeTrouble(asked, error);
    }
  }

  private tell(id: string, command: PaymentMethodCommand, meta: MessageMeta) {
    return this.commandBus.execute(new ToPaymentMethod(id.replace(/^pm_/, ''), command, meta));
  }
}

/** What is answered now and whenever the same is asked: the token, or the refusal of a card that was blocked. */
function answeredOperation(call: Tokenize['request'], nowMs: number): Operation {
  const { principal, paymentMethod: id, card, screening, request, path, traceId } = call;
  const operation = { id: operationId(call), request };
  if (screening.verdict === 'block')
    return {
      ...operation,
      ...problem({ code: 'fraud_blocked', detail: BLOCKED, instance: path, traceId }),
    };
  const { tenant } = principal;
  const createdAt = toRfc3339(nowMs);
  const method = { id, tenant, agent: agentOf(principal), card, createdAt, erasedAt: null };
  return { ...operation, status: 201, body: JSON.stringify(renderPaymentMethod(method)) };
}

/** An operator's is for all agents of the tenant. */
function agentOf({ role, id }: Principal): string | null {
  return role === 'agent' ? id : null;
}
