import { holdPostings } from '../money/postings.js';
import { toRfc3339 } from '../shared/time.js';
import { failureOfAttempts } from './failures.js';
import type { Outcome } from './outcome.js';
import type { PaymentIntentCommandOf } from './payment-intent.commands.js';
import type { PaymentIntentEvent, ScreeningFacts } from './payment-intent.events.js';
import { type AttemptState, type PaymentIntentState, callFacts } from './payment-intent.state.js';
import { failOver, failed, posted, stillUnknown } from './steps.js';

type RecordAuthorization = PaymentIntentCommandOf<'RecordAuthorization'>;
type RecordPreparation = PaymentIntentCommandOf<'RecordPreparation'>;

/** The unconfirmed charge exists, or it does not: no money can have moved, so everything else goes on to the next processor. */
export function preparationEvents(
  command: RecordPreparation,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const attempt = state.attempts.find(({ number }) => number === command.number);
  if (attempt?.outcome !== 'started' || attempt.authorization !== 'two_step') return [];
  const { number, outcome, sender, durationMs } = command;
  if (outcome.kind === 'prepared') {
    const { reference } = outcome;
    const at = toRfc3339(command.nowMs);
    const call = callFacts(state, { ...attempt, reference }, state.amountMinor);
    return [{ type: 'AttemptPrepared', data: { number, reference, call, sender, at } }];
  }
  return settleAttempt({ ...command, outcome, firstSend: true, durationMs }, state, attempt);
}

/** What a call that authorizes came to, from the first call, a probe, or an answer that came late. */
export function authorizationEvents(
  command: RecordAuthorization,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const attempt = state.attempts.find(({ number }) => number === command.number);
  if (!attempt) return [];
  const open = state.pending?.operation === 'authorize' && state.pending.number === attempt.number;
  return open
    ? settleAttempt(command, state, attempt)
    : contradiction(attempt, command.outcome, command.nowMs);
}

function settleAttempt(
  command: Omit<RecordAuthorization, 'type'>,
  state: PaymentIntentState,
  attempt: AttemptState,
): PaymentIntentEvent[] {
  const { number, outcome, durationMs, nowMs } = command;
  const at = toRfc3339(nowMs);
  switch (outcome.kind) {
    case 'succeeded':
      // The connector compares too; an amount that was not meant is never booked as one that was.
      if (outcome.amountMinor !== state.amountMinor || outcome.currency !== state.currency)
        return stillUnknown(state, attempt, 'authorize', 'amount_mismatch', command);
      return authorized(command, outcome, state, attempt);
    case 'declined': {
      const { code, category } = outcome;
      const message = outcome.message ?? null;
      const declined = {
        type: 'AttemptDeclined' as const,
        data: { number, code, category, message, durationMs, at },
      };
      const attempts = state.attempts.map((each) =>
        each.number === number ? { ...each, decline: { code, category, message } } : each,
      );
      if (category === 'soft') return failOver(state, declined, attempts, command);
      return [declined, failed(state, failureOfAttempts(attempts), at)];
    }
    case 'not_executed': {
      const { evidence } = outcome;
      // A refused re-send proves nothing about the call that may have gone out before it.
      if (!command.firstSend || state.pending?.unknown)
        return stillUnknown(state, attempt, 'authorize', evidence, command);
      const ended = {
        type: 'AttemptNotExecuted' as const,
        data: { number, evidence, durationMs, at },
      };
      return failOver(state, ended, state.attempts, command);
    }
    case 'fenced': {
      const ended = {
        type: 'AttemptFenced' as const,
        data: { number, evidence: outcome.evidence, at },
      };
      return failOver(state, ended, state.attempts, command);
    }
    case 'unknown':
      return stillUnknown(state, attempt, 'authorize', outcome.evidence, command);
  }
}

function authorized(
  { number, durationMs, nowMs }: Omit<RecordAuthorization, 'type'>,
  outcome: Extract<Outcome, { kind: 'succeeded' }>,
  state: PaymentIntentState,
  { processor }: AttemptState,
): PaymentIntentEvent[] {
  const { reference, amountMinor, currency } = outcome;
  const { tenant, agent, mandate, paymentMethod } = state;
  const at = toRfc3339(nowMs);
  const payee = state.request['payee'] as unknown as ScreeningFacts['payee'];
  const screening = { tenant, agent, mandate, payee, amountMinor, currency, paymentMethod };
  const hold = holdPostings({ agent: state.agent, processor, amountMinor, currency });
  return [
    {
      type: 'PaymentAuthorized',
      data: { number, processor, reference, amountMinor, currency, durationMs, screening, at },
    },
    posted('PaymentAuthorized', hold, at),
  ];
}

/** An attempt proven to take no money that reports money after all is nothing to adopt: a human must look. */
function contradiction(
  attempt: AttemptState,
  outcome: Outcome,
  nowMs: number,
): PaymentIntentEvent[] {
  const provenWithoutMoney = ['declined', 'not_executed', 'fenced'].includes(attempt.outcome);
  if (outcome.kind !== 'succeeded' || !provenWithoutMoney || attempt.contradicted) return [];
  const data = {
    number: attempt.number,
    recorded: attempt.outcome,
    reported: `succeeded ${outcome.reference}`,
    at: toRfc3339(nowMs),
  };
  return [{ type: 'OutcomeContradicted', data }];
}
