import { createHash, timingSafeEqual } from 'node:crypto';
// The validator and nothing else: the package's index loads every service there is. Node finds no names in this module.
import validators from '@adyen/api-library/lib/src/utils/index.js';
import { toRfc3339 } from '#domain';
import { NoticeReader, type NoticeReading, type ProcessorNotice } from '../notice.port.js';
import { meaningOf } from './adyen.events.js';
import { noticeItemOf, signedTextOf, type NoticeItem } from './adyen.notice-item.js';
import { isObject, isOwnReference, isReference, parseJson } from './adyen.values.js';

/** One standard webhook, as configured at Adyen. */
export interface AdyenWebhooks {
  /** What the account is called in Bursar. */
  name: string;
  merchantAccount: string;
  /** In hex. Several while a new key spreads: what any of them signed is believed. */
  hmacKeys: readonly string[];
  /** Checked when given. */
  basicAuth?: { username: string; password: string };
}

const BODY_BYTES_MAX = 256 * 1024;
const ITEMS_MAX = 100;

/** At least 128 bits. A text that is no hex would be read as an empty key, with which anybody can sign. */
const HMAC_KEY = /^(?:[0-9a-f]{2}){16,64}$/i;
/** Base64 of 32 bytes in its only spelling: the last character has two bits to spare. */
const SIGNATURE = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

type Headers = Readonly<Record<string, string | undefined>>;

/** Verifies and reads standard webhooks. All items of a body are believed, or none is. */
export class AdyenNoticeReader extends NoticeReader {
  readonly processor: string;
  private readonly validator = new validators.hmacValidator();
  private readonly authorization: string | undefined;

  /** @throws when there is no key, or one that is not hex: everything would be believed, or nothing */
  constructor(private readonly webhooks: AdyenWebhooks) {
    super();
    const { name, hmacKeys, basicAuth } = webhooks;
    if (hmacKeys.length === 0 || !hmacKeys.every((key) => HMAC_KEY.test(key))) {
      throw new Error('The HMAC keys of the Adyen webhook must be hex of 16 to 64 bytes.');
    }
    this.processor = name;
    this.authorization =
      basicAuth &&
      `Basic ${Buffer.from(`${basicAuth.username}:${basicAuth.password}`).toString('base64')}`;
  }

  /** There is no time stamp that is signed, so `nowMs` decides nothing: a replay is recognised by what it says. */
  read(body: Uint8Array, headers: Headers): NoticeReading {
    if (!this.isAuthorized(headers.authorization)) return { ok: false, code: 'signature_invalid' };
    const items = itemsOf(body);
    if (!items) return { ok: false, code: 'malformed' };
    return items.every((item) => this.isSigned(item))
      ? { ok: true, notices: items.map((item) => this.noticeOf(item)) }
      : { ok: false, code: 'signature_invalid' };
  }

  private isAuthorized(header: string | undefined): boolean {
    if (this.authorization === undefined) return true;
    return timingSafeEqual(digestOf(header ?? ''), digestOf(this.authorization));
  }

  private isSigned(item: NoticeItem): boolean {
    const { signature } = item;
    if (!SIGNATURE.test(signature)) return false;
    const text = signedTextOf(item);
    return this.webhooks.hmacKeys.some((key) =>
      this.validator.validateHMACSignature(key, signature, text),
    );
  }

  private noticeOf(item: NoticeItem): ProcessorNotice {
    const { pspReference, originalReference, merchantReference, eventCode, success, atMs } = item;
    const at = toRfc3339(atMs);
    const notice = {
      id: `${pspReference}:${eventCode}:${success}:${at}`,
      type: eventCode,
      at,
    };
    // An endpoint can be shared by accounts of a company; what concerns the others is none of our business.
    if (item.merchantAccountCode !== this.webhooks.merchantAccount) {
      return { ...notice, attemptKey: null, reference: null, meaning: { about: 'nothing' } };
    }
    const meaning = meaningOf(item);
    // A refund is called by its own key, not by that of the attempt.
    const isNamed = meaning.about !== 'refund' && isOwnReference(merchantReference);
    const reference = originalReference === '' ? pspReference : originalReference;
    return {
      ...notice,
      attemptKey: isNamed ? merchantReference : null,
      reference: isReference(reference) ? reference : null,
      meaning,
    };
  }
}

const digestOf = (text: string) => createHash('sha256').update(text).digest();

/** Undefined when anything about the body is not as documented. */
function itemsOf(body: Uint8Array): NoticeItem[] | undefined {
  if (body.length > BODY_BYTES_MAX) return undefined;
  const notification = parseJson(Buffer.from(body).toString('utf8'));
  if (!isObject(notification) || !Array.isArray(notification.notificationItems)) return undefined;
  const wrapped: unknown[] = notification.notificationItems;
  if (wrapped.length === 0 || wrapped.length > ITEMS_MAX) return undefined;
  const items = wrapped.map((each) =>
    isObject(each) ? noticeItemOf(each.NotificationRequestItem) : undefined,
  );
  return items.every((item) => item !== undefined) ? items : undefined;
}
