import type { Outcome, PrepareOutcome, RefundOutcome } from '#domain';
import { HttpTransportError, type HttpResponse } from '#platform';
import type { AttemptOrder, LookUpAnswer, ProvisionOutcome } from '../processor.port.js';

/** Pure: what the sandbox processors' answers mean. `operation` is what was asked of the processor. */
export type MoneyOperation = 'authorize' | 'capture' | 'void' | 'fence';

const SOFT_DECLINES = new Set(['insufficient_funds', 'do_not_honor']);

/** Answers that the sandbox documents as given before anything is executed. */
const REJECTED_STATUSES = new Set([400, 401, 403, 404, 429]);

/** Refusals of a capture that prove that the hold is gone: repeating it can never help. */
const HOLD_GONE = new Set([
  'charge_voided',
  'charge_canceled',
  'charge_expired',
  'charge_declined',
]);

/** Statuses of a charge that holds nothing, and has not taken anything. */
const NOTHING_HELD = new Set(['voided', 'expired', 'canceled']);

/** Refusals of a capture that say that money was taken; how much, a look-up tells. */
const ALREADY_CAPTURED = new Set(['charge_captured', 'charge_refunded']);

/** The status that proves each operation done. */
const DONE: Record<'authorize' | 'capture' | 'void', string> = {
  authorize: 'authorized',
  capture: 'captured',
  void: 'voided',
};

interface WireRefund {
  id: string;
  charge: string;
  amount: number;
  currency: string;
  status: string;
  failure: WireCharge['decline'];
}

interface WireCharge {
  id: string;
  status: string;
  amount: number;
  currency: string;
  merchant_reference: string;
  amount_captured: number;
  decline: { code: string; message?: string } | null;
}

export function outcomeOf(
  operation: MoneyOperation,
  order: AttemptOrder,
  response: HttpResponse,
): Outcome {
  const body = parseJson(response.body);
  const { status } = response;
  if (status === 402) return declineOf(body) ?? unknown('unreadable_decline');
  if (status >= 200 && status < 300) return outcomeOfSuccess(operation, order, body);
  if (status === 400 && operation === 'fence') return outcomeOfRefusedFence(order, body);
  if (status === 400 && operation === 'void') return outcomeOfRefusedVoid(order, body);
  if (status === 400 && operation === 'capture') return outcomeOfRefusedCapture(body);
  // The charge was canceled first, and stays so: this attempt can never take money.
  if (operation === 'authorize' && errorCodeOf(body) === 'charge_canceled') {
    return { kind: 'fenced', evidence: 'charge_canceled' };
  }
  // A fence that was not executed proves nothing about the attempt.
  if (REJECTED_STATUSES.has(status) && operation !== 'fence') {
    return { kind: 'not_executed', evidence: httpEvidence(status, body) };
  }
  return unknown(httpEvidence(status, body));
}

/** Preparing moves no money: whatever is not a definite yes or no can be left behind. */
export function prepareOutcomeOf(order: AttemptOrder, response: HttpResponse): PrepareOutcome {
  const body = parseJson(response.body);
  if (response.status === 402) {
    const decline = declineOf(body);
    if (decline) return decline;
  }
  if (response.status >= 200 && response.status < 300) {
    const charge = chargeOf(body);
    if (!charge) return { kind: 'not_executed', evidence: 'unreadable_answer' };
    return charge.amount === order.amountMinor && echoes(charge, order)
      ? { kind: 'prepared', reference: charge.id }
      : { kind: 'not_executed', evidence: 'echo_mismatch' };
  }
  return { kind: 'not_executed', evidence: httpEvidence(response.status, body) };
}

/** A token moves no money: whatever is not a definite yes or no has failed and may be tried again. */
export function provisionOutcomeOf({ status, body: text }: HttpResponse): ProvisionOutcome {
  const body = parseJson(text);
  if (status === 402) {
    const error = isObject(body) ? declineFieldOf(body.error) : null;
    return error
      ? { kind: 'declined', ...error }
      : { kind: 'failed', evidence: 'unreadable_decline' };
  }
  if (status !== 201) return { kind: 'failed', evidence: httpEvidence(status, body) };
  return isObject(body) && isReference(body.id)
    ? { kind: 'provisioned', token: body.id }
    : { kind: 'failed', evidence: 'unreadable_answer' };
}

export function refundOutcomeOf(order: AttemptOrder, response: HttpResponse): RefundOutcome {
  const { status } = response;
  const body = parseJson(response.body);
  if (status >= 200 && status < 300) return outcomeOfRefund(order, body);
  const code = errorCodeOf(body);
  if (status === 400 && code !== undefined && isRefundRefusal(code)) return refusalOf(code, body);
  const evidence = httpEvidence(status, body);
  return REJECTED_STATUSES.has(status) ? { kind: 'not_executed', evidence } : unknown(evidence);
}

/** The body is one refund, or a list of all refunds under the key. */
export function refundLookUpOutcomeOf(order: AttemptOrder, response: HttpResponse): RefundOutcome {
  const body = parseJson(response.body);
  if (response.status === 404) return unknown('not_found');
  if (response.status !== 200) return unknown(httpEvidence(response.status, body));
  const found = onlyOf(body);
  return typeof found === 'string' ? unknown(found) : outcomeOfRefund(order, found.only);
}

/** `body` is one charge, or a list of all charges under the merchant reference. */
export function lookUpAnswerOf(order: AttemptOrder, response: HttpResponse): LookUpAnswer {
  const body = parseJson(response.body);
  if (response.status === 404) return unproven('not_found');
  if (response.status !== 200) return unproven(httpEvidence(response.status, body));
  const found = onlyOf(body);
  if (typeof found === 'string') return unproven(found);
  const charge = chargeOf(found.only);
  if (!charge) return unproven('unreadable_answer');
  if (!echoes(charge, order)) return unproven('echo_mismatch');
  return factOf(charge, order);
}

export function outcomeOfTransportError(
  error: unknown,
): Extract<Outcome, { kind: 'not_executed' | 'unknown' }> {
  if (!(error instanceof HttpTransportError)) return unknown('connector_failed');
  return {
    kind: error.phase === 'not_sent' ? 'not_executed' : 'unknown',
    evidence: error.evidence,
  };
}

function outcomeOfSuccess(operation: MoneyOperation, order: AttemptOrder, body: unknown): Outcome {
  const charge = chargeOf(body);
  if (!charge) return unknown('unreadable_answer');
  if (!echoes(charge, order)) return unknown('echo_mismatch');
  if (operation === 'fence') {
    return charge.status === 'canceled'
      ? { kind: 'fenced', evidence: 'charge_canceled' }
      : unknown('unexpected_status');
  }
  if (charge.status !== DONE[operation]) return unknown('unexpected_status');
  const amountMinor = operation === 'capture' ? charge.amount_captured : charge.amount;
  return amountMinor === order.amountMinor
    ? succeeded(charge, amountMinor)
    : unknown('echo_mismatch');
}

/** The sandbox refuses to fence what already holds money and shows the charge. */
function outcomeOfRefusedFence(order: AttemptOrder, body: unknown): Outcome {
  const charge = isObject(body) ? chargeOf(body.charge) : undefined;
  if (!charge) return unknown(httpEvidence(400, body));
  if (!echoes(charge, order)) return unknown('echo_mismatch');
  const fact = factOf(charge, order);
  // What was let go can never take money any more.
  if (fact.state === 'voided') return { kind: 'fenced', evidence: 'charge_voided' };
  return fact.state === 'authorized' || fact.state === 'captured'
    ? succeeded(charge, fact.amountMinor)
    : unknown(fact.state === 'unproven' ? fact.evidence : 'unexpected_status');
}

/** A void is refused where nothing is held any more, and then there is nothing to let go of. */
function outcomeOfRefusedVoid(order: AttemptOrder, body: unknown): Outcome {
  const charge = isObject(body) ? chargeOf(body.charge) : undefined;
  if (!charge || !NOTHING_HELD.has(charge.status)) {
    return { kind: 'not_executed', evidence: httpEvidence(400, body) };
  }
  return echoes(charge, order) && charge.amount === order.amountMinor
    ? succeeded(charge, charge.amount)
    : unknown('echo_mismatch');
}

function outcomeOfRefusedCapture(body: unknown): Outcome {
  const code = errorCodeOf(body);
  if (code !== undefined && HOLD_GONE.has(code)) return refusalOf(code, body);
  const evidence = httpEvidence(400, body);
  return code !== undefined && ALREADY_CAPTURED.has(code)
    ? unknown(evidence)
    : { kind: 'not_executed', evidence };
}

function outcomeOfRefund(order: AttemptOrder, body: unknown): RefundOutcome {
  const refund = refundOf(body);
  if (!refund) return unknown('unreadable_answer');
  if (!echoesRefund(refund, order)) return unknown('echo_mismatch');
  const { id: reference, amount: amountMinor, currency, failure } = refund;
  switch (refund.status) {
    case 'succeeded':
      return { kind: 'succeeded', reference, amountMinor, currency };
    case 'pending':
      return { kind: 'accepted', reference };
    case 'failed':
      return failure
        ? { kind: 'declined', category: 'hard', ...failure, reference }
        : unknown('unreadable_decline');
    default:
      return unknown('unexpected_status');
  }
}

/** A captured charge answers with what was captured; a refunded one was captured once. */
function factOf(charge: WireCharge, order: AttemptOrder): LookUpAnswer {
  const { id: reference, amount, currency } = charge;
  const captured = charge.amount_captured;
  switch (charge.status) {
    case 'authorized':
      if (amount > order.amountMinor) return unproven('holds_more');
      return amount === order.amountMinor
        ? { state: 'authorized', reference, amountMinor: amount, currency }
        : unproven('echo_mismatch');
    case 'voided':
    case 'expired':
      // Whoever asks about the capture of a part must learn too that nothing is held.
      return amount >= order.amountMinor
        ? { state: 'voided', reference, amountMinor: amount, currency }
        : unproven('echo_mismatch');
    case 'captured':
    case 'refunded':
      return [amount, captured].includes(order.amountMinor)
        ? { state: 'captured', reference, amountMinor: captured, currency }
        : unproven('echo_mismatch');
    case 'declined':
      return charge.decline
        ? { state: 'declined', ...categorized(charge.decline) }
        : unproven('unreadable_decline');
    case 'requires_confirmation':
      return unproven('unconfirmed');
    default:
      return unproven(charge.status === 'canceled' ? 'canceled' : 'unexpected_status');
  }
}

function declineOf(body: unknown): Extract<Outcome, { kind: 'declined' }> | undefined {
  if (!isObject(body) || !isObject(body.error)) return undefined;
  const { code, message } = body.error;
  if (!isCode(code)) return undefined;
  const charge = chargeOf(body.charge);
  return {
    kind: 'declined',
    ...categorized({ code, ...(typeof message === 'string' ? { message } : {}) }),
    ...(charge ? { reference: charge.id } : {}),
  };
}

/** A definite no to an operation that no other processor can do. */
function refusalOf(code: string, body: unknown): Extract<Outcome, { kind: 'declined' }> {
  const error = isObject(body) && isObject(body.error) ? body.error : {};
  const { message } = error;
  return {
    kind: 'declined',
    category: 'hard',
    code,
    ...(typeof message === 'string' ? { message } : {}),
  };
}

const isRefundRefusal = (code: string) =>
  code === 'amount_too_large' || code === 'refund_not_possible' || code.startsWith('charge_');

/** A code nobody knows is hard: asking elsewhere needs a reason. */
const categorized = (decline: { code: string; message?: string }) => ({
  ...decline,
  category: SOFT_DECLINES.has(decline.code) ? ('soft' as const) : ('hard' as const),
});

const echoes = (charge: WireCharge, order: AttemptOrder) =>
  charge.currency === order.currency &&
  charge.merchant_reference === order.key &&
  (order.reference === undefined || charge.id === order.reference);

const echoesRefund = (refund: WireRefund, order: AttemptOrder) =>
  refund.charge === order.reference &&
  refund.amount === order.amountMinor &&
  refund.currency === order.currency &&
  (order.refund?.reference === undefined || refund.id === order.refund.reference);

const succeeded = (charge: WireCharge, amountMinor: number): Outcome => ({
  kind: 'succeeded',
  reference: charge.id,
  amountMinor,
  currency: charge.currency,
});

const unknown = (evidence: string) => ({ kind: 'unknown' as const, evidence });
const unproven = (evidence: string) => ({ state: 'unproven' as const, evidence });

/** The one thing found, or why there is not exactly one. */
function onlyOf(body: unknown): { only: unknown } | 'not_found' | 'ambiguous' {
  const found: unknown[] = isObject(body) && Array.isArray(body.data) ? body.data : [body];
  if (found.length === 0) return 'not_found';
  return found.length > 1 ? 'ambiguous' : { only: found[0] };
}

export function httpEvidence(status: number, body: unknown): string {
  const code = errorCodeOf(body);
  return code === undefined ? `http_${status}` : `http_${status}:${code}`;
}

const errorCodeOf = (body: unknown) =>
  isObject(body) && isObject(body.error) && isCode(body.error.code) ? body.error.code : undefined;

/** Codes reach the audit and route decisions, so they are words and nothing else. */
const isCode = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z0-9_]{1,64}$/.test(value);

const isReference = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]{1,100}$/.test(value);

export function chargeOf(value: unknown): WireCharge | undefined {
  if (!isObject(value)) return undefined;
  const { id, status, amount, currency, merchant_reference, amount_captured } = value;
  const readable =
    isReference(id) &&
    typeof status === 'string' &&
    typeof amount === 'number' &&
    typeof currency === 'string' &&
    typeof merchant_reference === 'string' &&
    typeof amount_captured === 'number';
  if (!readable) return undefined;
  const decline = declineFieldOf(value.decline);
  return { id, status, amount, currency, merchant_reference, amount_captured, decline };
}

export function refundOf(value: unknown): WireRefund | undefined {
  if (!isObject(value)) return undefined;
  const { id, charge, amount, currency, status } = value;
  const readable =
    isReference(id) &&
    typeof charge === 'string' &&
    typeof amount === 'number' &&
    typeof currency === 'string' &&
    typeof status === 'string';
  if (!readable) return undefined;
  return { id, charge, amount, currency, status, failure: declineFieldOf(value.failure) };
}

function declineFieldOf(value: unknown): WireCharge['decline'] {
  if (!isObject(value) || !isCode(value.code)) return null;
  return {
    code: value.code,
    ...(typeof value.message === 'string' ? { message: value.message } : {}),
  };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
