import { Controller, UseFilters } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { type Answer, type Messages, answer, renderProcessing } from '#contracts';
import { AsItIs } from '#bus/nest';
import { type PaymentIntentCommand, type PaymentIntentState, moneyState } from '#domain';
import { StoreUnavailableError } from '#event-store';
import { Clock } from '#platform';
import { ToPaymentIntent } from './actors.js';
import { keyReused, metaOfCall, metaOfCause, operationId, storeTrouble } from './calls.js';
import { Conclusions } from './conclusions.js';

type Create = Messages['commands.payment_intent.create']['request'];
type Tell = Messages['commands.payment_intent.tell'];

@Controller()
@UseFilters(AsItIs)
export class PaymentIntentsController {
  constructor(
    private readonly commandBus: CommandBus,
    private readonly conclusions: Conclusions,
    private readonly clock: Clock,
  ) {}

  /** The request is durable before anything else happens; a repeat finds its stream and joins it. */
  @MessagePattern('commands.payment_intent.create')
  async create(@Payload() call: Create): Promise<Answer> {
    const id = operationId(call);
    // Listening before the append, so that no conclusion slips by.
    const wait = this.conclusions.wait(id, call.waitMs);
    let durable = false;
    try {
      const told = await this.record(id, call);
      durable = true;
      const { state } = told;
      if (!told.ok) {
        const earlier = { paymentIntent: `pi_${id}`, moneyState: moneyState(state) };
        return keyReused(call, told.details.pointers, earlier);
      }
      if (state.answer) return answer(state.answer, { replayed: true });
      const concluded = call.waitMs > 0 ? await wait.conclusion : null;
      return answerOf(concluded ?? (await this.record(id, call)).state);
    } catch (error) {
      const nothingHappened = !durable && isNotApplied(error);
      return storeTrouble(call, error, { moneyState: nothingHappened ? 'none' : 'unknown' });
    } finally {
      wait.end();
    }
  }

  /** What happened outside, or was decided about it. */
  @MessagePattern('commands.payment_intent.tell')
  async tell(@Payload() { id, command, ...cause }: Tell['request']): Promise<Tell['reply']> {
    const message = { ...command, nowMs: this.clock.now() } as PaymentIntentCommand;
    const told = await this.commandBus.execute(
      new ToPaymentIntent(id, message, metaOfCause(cause)),
    );
    if (told.ok && told.state.answer) this.conclusions.concluded(told.state);
    return { ok: told.ok, code: told.ok ? null : told.code, revision: told.revision };
  }

  /** Idempotent: the second time it only tells how the payment stands. */
  private record(id: string, call: Create) {
    const { principal, mandate, request } = call;
    const { tenant, id: agent } = principal;
    const nowMs = this.clock.now();
    return this.commandBus.execute(
      new ToPaymentIntent(
        id,
        { type: 'RequestPayment', id, tenant, agent, mandate, request, nowMs },
        metaOfCall(call, `pi_${id}`),
      ),
    );
  }
}

function isNotApplied(error: unknown): boolean {
  return error instanceof StoreUnavailableError && error.outcome === 'not_applied';
}

/** The recorded bytes, or how the payment stands while there are none. */
export function answerOf(state: PaymentIntentState): Answer {
  if (state.answer) return answer(state.answer);
  const location = `/v1/payment_intents/pi_${state.id}`;
  return answer({ status: 202, body: JSON.stringify(renderProcessing(state)) }, { location });
}
