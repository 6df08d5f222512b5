import { Controller, UseFilters } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  type Answer,
  type Messages,
  type PaymentOperation,
  type ProblemCode,
  type ProblemFacts,
  answer,
  purchaseId,
  renderProcessing,
  requestFingerprint,
} from '#contracts';
import { AsItIs } from '#bus/nest';
import {
  type CallerCommand,
  type PaymentIntentCommand,
  type PaymentIntentState,
  findOperation,
  moneyState,
} from '#domain';
import { StoreUnavailableError } from '#event-store';
import { Clock } from '#platform';
import { ToPaymentIntent } from './actors.js';
import { Authority } from './authority.js';
import { keyReused, metaOfCall, metaOfCause, operationId, refuse, storeTrouble } from './calls.js';
import { Conclusions } from './conclusions.js';
import { PaymentMethods } from './payment-methods.js';

type Create = Messages['commands.payment_intent.create']['request'];
type Operate = Messages['commands.payment_intent.operate']['request'];
type Tell = Messages['commands.payment_intent.tell'];

const DETAILS: Partial<Record<ProblemCode, string>> = {
  not_found: 'There is no such resource.',
  forbidden: 'Nobody approves its own payment.',
  invalid_transition: 'This is not possible in the present state of the payment.',
  mandate_revoked: 'The mandate is revoked: what is held can only be canceled.',
  approval_expired: 'The time for this approval is over.',
};

@Controller()
@UseFilters(AsItIs)
export class PaymentIntentsController {
  constructor(
    private readonly commandBus: CommandBus,
    private readonly conclusions: Conclusions,
    private readonly clock: Clock,
    private readonly authority: Authority,
    private readonly paymentMethods: PaymentMethods,
  ) {}

  /** The request is durable before anything else happens; a repeat finds its stream and joins it. */
  @MessagePattern('commands.payment_intent.create')
  async create(@Payload() call: Create): Promise<Answer> {
    const id = operationId(call);
    // Listening before the append, so that no conclusion slips by.
    const wait = this.conclusions.wait(id, id, call.waitMs);
    let durable = false;
    try {
      const objection = await this.paymentMethods.objectionTo(call);
      if (objection) return noSuchPaymentMethod(call);
      const told = await this.record(id, call);
      durable = true;
      const { state } = told;
      if (!told.ok) {
        const earlier = { paymentIntent: `pi_${id}`, moneyState: moneyState(state) };
        return keyReused(call, told.details.pointers, earlier);
      }
      if (state.answer) return answer(state.answer, { replayed: true });
      const isWaitedFor = call.waitMs > 0 && !waitsForHuman(state);
      const concluded = isWaitedFor ? await wait.conclusion : null;
      return answerOf(concluded ?? (await this.record(id, call)).state);
    } catch (error) {
      const nothingHappened = !durable && isNotApplied(error);
      return storeTrouble(call, error, { moneyState: nothingHappened ? 'none' : 'unknown' });
    } finally {
      wait.end();
    }
  }

  /** Capture, cancel, refund, and an approver's word: operations in the payment's own stream. */
  @MessagePattern('commands.payment_intent.operate')
  async operate(@Payload() call: Operate): Promise<Answer> {
    const operation = operationId(call);
    const wait = this.conclusions.wait(operation, call.id.replace(/^pi_/, ''), call.waitMs);
    const execute = () => {
      const command = commandOf(call, operation, this.clock.now());
      const id = call.id.replace(/^pi_/, '');
      return this.commandBus.execute(new ToPaymentIntent(id, command, metaOfCall(call, call.id)));
    };
    try {
      const told = await execute();
      if (!told.ok) return refusedOperation(call, told);
      this.wake(told.state);
      const replayed = told.events.length === 0;
      const now = operationAnswer(told.state, operation, replayed);
      if (now || call.waitMs === 0) return now ?? processing(told.state);
      const concluded = await wait.conclusion;
      if (concluded) return operationAnswer(concluded, operation) ?? processing(concluded);
      const { state } = await execute();
      return operationAnswer(state, operation) ?? processing(state);
    } catch (error) {
      return storeTrouble(call, error, { moneyState: 'unknown', paymentIntent: call.id });
    } finally {
      wait.end();
    }
  }

  /** What happened outside, or was decided about it. */
  @MessagePattern('commands.payment_intent.tell')
  async tell(@Payload() { id, command, payer, ...cause }: Tell['request']): Promise<Tell['reply']> {
    const authority = payer ? await this.authority.now(payer, cause) : 'agent_suspended';
    const message = { ...command, authority, nowMs: this.clock.now() } as PaymentIntentCommand;
    const told = await this.commandBus.execute(
      new ToPaymentIntent(id, message, metaOfCause(cause)),
    );
    if (told.ok) this.wake(told.state);
    return { ok: told.ok, code: told.ok ? null : told.code, revision: told.revision };
  }

  /** Whoever waits for what is answered now, or for a payment that now waits for a human. */
  private wake(state: PaymentIntentState): void {
    const isLong = waitsForHuman(state);
    if (state.answer || isLong) this.conclusions.concluded(state.id, state);
    for (const { operation, answer: recorded } of state.operations)
      if (recorded || isLong) this.conclusions.concluded(operation, state);
  }

  /** Idempotent: the second time it only tells how the payment stands. */
  private record(id: string, call: Create) {
    const { principal, mandate, request } = call;
    const { tenant, id: agent } = principal;
    const nowMs = this.clock.now();
    const purchase = purchaseId(tenant, request);
    const fingerprint = requestFingerprint(request);
    return this.commandBus.execute(
      new ToPaymentIntent(
        id,
        {
          type: 'RequestPayment',
          ...{ id, tenant, agent, mandate, request, purchase, fingerprint, nowMs },
        },
        metaOfCall(call, `pi_${id}`),
      ),
    );
  }
}

/** Refused before anything is recorded: the key is unused. */
function noSuchPaymentMethod(call: Create): Answer {
  const violations = [{ pointer: '/payment_method', rule: 'exists' }];
  const detail = 'There is no such payment method.';
  return refuse(call, 'not_found', detail, { moneyState: 'none', violations });
}

function commandOf(call: Operate, operation: string, nowMs: number): CallerCommand {
  const { principal, request } = call;
  const { tenant, role, id: by } = principal;
  const agent = role === 'agent' ? by : null;
  const caller = { operation, tenant, agent, by, request, nowMs, sender: 'operation' };
  return { ...caller, ...wanted(call.operation) };
}

type Wanted<T> = T extends unknown
  ? Omit<T, 'operation' | 'tenant' | 'agent' | 'by' | 'request' | 'nowMs' | 'sender'>
  : never;

function wanted(operation: PaymentOperation): Wanted<CallerCommand> {
  switch (operation.kind) {
    case 'capture': {
      const { amountMinor, activeMandates } = operation;
      return { type: 'CapturePayment', amountMinor, activeMandates };
    }
    case 'cancel':
      return { type: 'CancelPayment' };
    case 'refund': {
      const { amountMinor, reason } = operation;
      return { type: 'RefundPayment', amountMinor, reason };
    }
    case 'approve':
      return { type: 'ApprovePayment', fingerprint: operation.fingerprint };
    case 'deny':
      return { type: 'DenyPayment' };
  }
}

function refusedOperation(
  call: Operate,
  {
    code,
    details,
    state,
  }: {
    code: ProblemCode;
    details: { pointers: readonly string[]; leftMinor?: number };
    state: PaymentIntentState;
  },
): Answer {
  if (code === 'idempotency_key_reused') return keyReused(call, details.pointers);
  // Whoever may not see the payment learns nothing of it.
  if (code === 'not_found') return refuse(call, code, DETAILS[code] ?? code);
  const { pointers, leftMinor = 0 } = details;
  return refuse(call, code, detailOf(code, details.leftMinor), {
    ...(leftMinor > 0 && onlyWhatIsLeft(leftMinor)),
    moneyState: moneyState(state),
    paymentIntent: call.id,
    violations: pointers.map((pointer) => ({
      pointer,
      rule: code,
      ...(details.leftMinor !== undefined && { limit: leftMinor }),
    })),
  });
}

function onlyWhatIsLeft(leftMinor: number): Partial<ProblemFacts> {
  const patch = [{ op: 'add', path: '/amount', value: leftMinor } as const];
  return {
    retry: { retryable: true, same_key: false },
    remedies: [{ type: 'modify_request', actor: 'agent', patch }],
  };
}

function detailOf(code: ProblemCode, leftMinor: number | undefined): string {
  return leftMinor === undefined
    ? (DETAILS[code] ?? code)
    : `At most ${leftMinor} are left, in minor units.`;
}

function isNotApplied(error: unknown): boolean {
  return error instanceof StoreUnavailableError && error.outcome === 'not_applied';
}

/** The recorded bytes, or how the payment stands while there are none. */
function waitsForHuman({ status }: PaymentIntentState): boolean {
  return status === 'requires_approval' || status === 'requires_action';
}

function answerOf(state: PaymentIntentState): Answer {
  return state.answer ? answer(state.answer) : processing(state);
}

function operationAnswer(
  state: PaymentIntentState,
  operation: string,
  replayed = false,
): Answer | null {
  const recorded = findOperation(state, operation)?.answer;
  return recorded ? answer(recorded, { replayed }) : null;
}

/** How the payment stands, and where to look again. */
export function processing(state: PaymentIntentState): Answer {
  const location = `/v1/payment_intents/pi_${state.id}`;
  return answer({ status: 202, body: JSON.stringify(renderProcessing(state)) }, { location });
}
