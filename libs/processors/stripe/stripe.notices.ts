import {
  NoticeReader,
  type DisputeNotice,
  type NoticeMeaning,
  type NoticeReading,
  type ProcessorNotice,
} from '../notice.port.js';
import { fenceEvidenceOf, outcomeOfRefund, succeeded } from './stripe.mapping.js';
import {
  currencyOf,
  intentOf,
  isCode,
  isId,
  isObject,
  minorOf,
  parseJson,
  referenceOf,
  refundOf,
  type Intent,
} from './stripe.objects.js';
import { isSigned } from './stripe.signature.js';

export interface StripeNoticeSettings {
  /** The name of the account's processor. */
  name: string;
  /** The endpoint's `whsec_…`; several while one replaces another. */
  secrets: readonly string[];
}

/** Stripe's events are some ten kilobytes at most. */
const BODY_BYTES_MAX = 256 * 1_024;

const NOTHING: NoticeMeaning = { about: 'nothing' };

/** What an event says about one charge. */
type Subject = Pick<ProcessorNotice, 'attemptKey' | 'reference' | 'meaning'>;

export class StripeNoticeReader extends NoticeReader {
  readonly processor: string;
  readonly #secrets: readonly string[];

  constructor({ name, secrets }: StripeNoticeSettings) {
    super();
    const given = secrets.map((secret) => secret.trim());
    if (given.length === 0 || given.some((secret) => secret.length < 16)) {
      throw new Error(`The webhooks of the Stripe account ${name} need a signing secret.`);
    }
    this.processor = name;
    this.#secrets = given;
  }

  read(
    body: Uint8Array,
    headers: Readonly<Record<string, string | undefined>>,
    nowMs: number,
  ): NoticeReading {
    if (body.length > BODY_BYTES_MAX) return { ok: false, code: 'malformed' };
    if (!isSigned(body, headers['stripe-signature'], this.#secrets, nowMs)) {
      return { ok: false, code: 'signature_invalid' };
    }
    const notice = noticeOf(parseJson(new TextDecoder().decode(body)));
    return notice ? { ok: true, notices: [notice] } : { ok: false, code: 'malformed' };
  }
}

function noticeOf(event: unknown): ProcessorNotice | undefined {
  if (!isObject(event) || event.object !== 'event') return undefined;
  const { id, type, created } = event;
  if (!isId(id) || !isType(type) || !isInstant(created)) return undefined;
  const subject = isObject(event.data) ? event.data.object : undefined;
  return { id, type, at: new Date(created * 1_000).toISOString(), ...subjectOf(type, subject) };
}

function subjectOf(type: string, object: unknown): Subject {
  if (type.startsWith('payment_intent.')) return ofIntent(type, object);
  if (type.startsWith('charge.dispute.')) return ofDispute(type, object);
  // `charge.refunded` shows the charge, without telling which refund: the refund's own events do.
  if (type.startsWith('refund.') || type === 'charge.refund.updated') return ofRefund(object);
  return { attemptKey: null, reference: chargeReferenceOf(object), meaning: NOTHING };
}

function ofIntent(type: string, object: unknown): Subject {
  const intent = intentOf(object);
  if (!intent) return { attemptKey: null, reference: null, meaning: NOTHING };
  const { attemptKey, id: reference } = intent;
  return { attemptKey, reference, meaning: meaningOfIntent(type, intent) };
}

/** The status has to agree with the type: an event shows its object as it was when it happened. */
function meaningOfIntent(type: string, intent: Intent): NoticeMeaning {
  switch (`${type} ${intent.status}`) {
    case 'payment_intent.amount_capturable_updated requires_capture':
      return { about: 'authorize', outcome: succeeded(intent, intent.capturableMinor) };
    case 'payment_intent.succeeded succeeded':
      return { about: 'capture', outcome: succeeded(intent, intent.receivedMinor) };
    case 'payment_intent.canceled canceled':
      return meaningOfCanceled(intent);
    case 'payment_intent.payment_failed requires_payment_method':
      return intent.decline
        ? { about: 'authorize', outcome: { ...intent.decline, reference: intent.id } }
        : NOTHING;
    case 'payment_intent.requires_action requires_action':
      return intent.actionUrl === undefined
        ? NOTHING
        : {
            about: 'authorize',
            outcome: { kind: 'action_required', reference: intent.id, url: intent.actionUrl },
          };
    default:
      return NOTHING;
  }
}

/** An intent with a charge that was not declined held money, which was let go: by us, or because its time was over. */
function meaningOfCanceled(intent: Intent): NoticeMeaning {
  return intent.charge.id === null || intent.decline
    ? { about: 'authorize', outcome: { kind: 'fenced', evidence: fenceEvidenceOf(intent) } }
    : { about: 'void', outcome: succeeded(intent, intent.amountMinor) };
}

function ofRefund(object: unknown): Subject {
  const refund = refundOf(object);
  if (!refund) return { attemptKey: null, reference: null, meaning: NOTHING };
  const { attemptKey, intent: reference, refundKey } = refund;
  const outcome = outcomeOfRefund(refund);
  return {
    attemptKey,
    reference,
    meaning: outcome.kind === 'unknown' ? NOTHING : { about: 'refund', refundKey, outcome },
  };
}

function ofDispute(type: string, object: unknown): Subject {
  const dispute = disputeOf(type, object);
  return {
    attemptKey: null,
    reference: chargeReferenceOf(object),
    meaning: dispute ? { about: 'dispute', dispute } : NOTHING,
  };
}

function disputeOf(type: string, object: unknown): DisputeNotice | undefined {
  if (!isObject(object) || object.object !== 'dispute') return undefined;
  const { id, status, reason } = object;
  const currency = currencyOf(object.currency);
  if (!isId(id) || !isCode(status) || !isCode(reason) || currency === undefined) return undefined;
  const amountMinor = minorOf(object.amount, currency);
  const state = disputeStateOf(type, status);
  if (amountMinor === undefined || state === undefined) return undefined;
  const evidenceDueAt = evidenceDueAtOf(object);
  return { reference: id, state, amountMinor, currency, reason, evidenceDueAt };
}

/** An inquiry that ends without a dispute was won as far as money is concerned. */
function disputeStateOf(type: string, status: string): DisputeNotice['state'] | undefined {
  switch (status) {
    case 'won':
    case 'warning_closed':
    case 'prevented':
      return 'won';
    case 'lost':
      return 'lost';
    case 'needs_response':
    case 'warning_needs_response':
    case 'appeal_needs_response':
      return type === 'charge.dispute.created' ? 'opened' : 'evidence_due';
    case 'under_review':
    case 'warning_under_review':
    case 'appeal_under_review':
      return 'opened';
    default:
      return undefined;
  }
}

function evidenceDueAtOf(dispute: Record<string, unknown>): string | null {
  const details = isObject(dispute.evidence_details) ? dispute.evidence_details : {};
  return isInstant(details.due_by) ? new Date(details.due_by * 1_000).toISOString() : null;
}

/** Charges, refunds and disputes say which intent they belong to. That is what we call the charge. */
const chargeReferenceOf = (object: unknown): string | null =>
  isObject(object) ? referenceOf(object.payment_intent) : null;

const isType = (value: unknown): value is string =>
  typeof value === 'string' && /^[a-z0-9_.]{1,100}$/.test(value);

/** Seconds since the epoch, up to the year 9999. */
const isInstant = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 253_402_300_800;
