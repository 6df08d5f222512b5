import type { BooksWindow, Outcome, PrepareOutcome, RefundOutcome } from '#domain';
import type { HttpClient } from '#platform';
import type { Card } from '../card.js';
import {
  Processor,
  type AttemptOrder,
  type ListAnswer,
  type LookUpAnswer,
  type ProvisionOutcome,
} from '../processor.port.js';
import { checkedAccount, type StripeAccount } from './stripe.account.js';
import { STRIPE_CAPABILITIES, toStripeAmount } from './stripe.capabilities.js';
import { StripeClient } from './stripe.client.js';
import { LIST_MAX, listAnswerOf, placeOf } from './stripe.listing.js';
import {
  authorizeOutcomeOf,
  captureOutcomeOf,
  fenceOutcomeOf,
  fenceStepOf,
  lookUpAnswerOf,
  outcomeOfTransportError,
  prepareOutcomeOf,
  provisionOutcomeOf,
  refundLookUpOutcomeOf,
  refundOutcomeOf,
  voidOutcomeOf,
} from './stripe.mapping.js';
import { ATTEMPT_KEY, isId, REFUND_KEY } from './stripe.objects.js';

type NotSaid = Extract<Outcome, { kind: 'not_executed' }>;

const NO_REFERENCE: NotSaid = { kind: 'not_executed', evidence: 'reference_missing' };
const NOT_REPRESENTABLE: NotSaid = { kind: 'not_executed', evidence: 'amount_not_representable' };

/** The last charge comes with the intent: it tells what Radar thinks, and whether money was ever held. */
const EXPANDED = ['latest_charge'];

/** Speaks to one account at Stripe: one PaymentIntent per attempt, created unconfirmed, captured by hand. */
export class StripeConnector extends Processor {
  readonly name: string;
  readonly capabilities = STRIPE_CAPABILITIES;
  readonly #client: StripeClient;
  readonly #returnUrl: string | undefined;

  constructor(account: StripeAccount, http: HttpClient) {
    super();
    const checked = checkedAccount(account);
    this.name = checked.name;
    this.#returnUrl = checked.returnUrl;
    this.#client = new StripeClient(checked, http);
  }

  async prepare(order: AttemptOrder, signal: AbortSignal): Promise<PrepareOutcome> {
    const amount = toStripeAmount(order.amountMinor, order.currency);
    if (amount === undefined) return NOT_REPRESENTABLE;
    try {
      const parameters = {
        amount,
        currency: order.currency.toLowerCase(),
        payment_method: order.paymentMethod,
        payment_method_types: ['card'],
        capture_method: 'manual' as const,
        metadata: { [ATTEMPT_KEY]: order.key },
      };
      const options = { signal, idempotencyKey: `${order.key}.create` };
      return prepareOutcomeOf(order, await this.#client.createIntent(parameters, options));
    } catch (error) {
      return { kind: 'not_executed', evidence: outcomeOfTransportError(error).evidence };
    }
  }

  /** Names no payment method: a confirmation that comes after a decline must not be a second try. */
  authorize(order: AttemptOrder, signal: AbortSignal): Promise<Outcome> {
    return moving(order, async (reference) => {
      const parameters = {
        // Nobody sits in front of an agent; where nobody can be sent to either, 3-D Secure is a decline.
        ...(this.#returnUrl === undefined
          ? { error_on_requires_action: true }
          : { return_url: this.#returnUrl }),
        expand: EXPANDED,
      };
      const options = { signal, idempotencyKey: `${order.key}.confirm` };
      return authorizeOutcomeOf(
        order,
        await this.#client.confirmIntent(reference, parameters, options),
      );
    });
  }

  capture(order: AttemptOrder, signal: AbortSignal): Promise<Outcome> {
    return moving(order, async (reference) => {
      const amount = toStripeAmount(order.amountMinor, order.currency);
      if (amount === undefined) return NOT_REPRESENTABLE;
      const parameters = { amount_to_capture: amount };
      const options = { signal, idempotencyKey: `${order.key}.capture` };
      return captureOutcomeOf(
        order,
        await this.#client.captureIntent(reference, parameters, options),
      );
    });
  }

  /** Has no key: a cancellation is the same however often it is done, and a stored failure would be replayed for a day. */
  void(order: AttemptOrder, signal: AbortSignal): Promise<Outcome> {
    return moving(order, async (reference) =>
      voidOutcomeOf(order, await this.#client.cancelIntent(reference, {}, { signal })),
    );
  }

  /**
   * Stripe cancels what holds money, too, so the fence looks first and cancels only what holds none. A confirmation that
   * lands between the two is let go by the cancellation: it held for an instant, and the attempt can never take it any more.
   */
  async fence(order: AttemptOrder, signal: AbortSignal): Promise<Outcome> {
    const { reference } = order;
    if (!isId(reference)) return { kind: 'unknown', evidence: 'reference_missing' };
    const parameters = { expand: EXPANDED };
    const retrieve = () => this.#client.retrieveIntent(reference, parameters, { signal });
    try {
      const before = fenceStepOf(order, await retrieve());
      if (before !== 'cancelable') return before;
      const canceled = await this.#client.cancelIntent(reference, parameters, { signal });
      const proven = fenceOutcomeOf(order, canceled);
      if (proven.kind === 'fenced') return proven;
      const after = fenceStepOf(order, await retrieve());
      return after === 'cancelable' ? proven : after;
    } catch (error) {
      // That the fence did not reach Stripe says nothing about the attempt.
      return { kind: 'unknown', evidence: outcomeOfTransportError(error).evidence };
    }
  }

  async refund(order: AttemptOrder, signal: AbortSignal): Promise<RefundOutcome> {
    const { reference, refund, key } = order;
    if (!isId(reference) || !refund) return NO_REFERENCE;
    const amount = toStripeAmount(order.amountMinor, order.currency);
    if (amount === undefined) return NOT_REPRESENTABLE;
    try {
      const metadata = { [ATTEMPT_KEY]: key, [REFUND_KEY]: refund.key };
      const parameters = { payment_intent: reference, amount, metadata };
      const options = { signal, idempotencyKey: `${refund.key}.refund` };
      return refundOutcomeOf(order, await this.#client.createRefund(parameters, options));
    } catch (error) {
      return outcomeOfTransportError(error);
    }
  }

  async lookUpRefund(order: AttemptOrder, signal: AbortSignal): Promise<RefundOutcome> {
    const { reference, refund } = order;
    if (!isId(reference) || !refund) return { kind: 'unknown', evidence: 'reference_missing' };
    const list = { payment_intent: reference, limit: LIST_MAX };
    try {
      const response = isId(refund.reference)
        ? await this.#client.retrieveRefund(refund.reference, { signal })
        : await this.#client.listRefunds(list, { signal });
      return refundLookUpOutcomeOf(order, response);
    } catch (error) {
      return { kind: 'unknown', evidence: outcomeOfTransportError(error).evidence };
    }
  }

  /** By the intent's id only, which is known before money can move. Stripe's search may lag by a minute and more. */
  async lookUp(order: AttemptOrder, signal: AbortSignal): Promise<LookUpAnswer> {
    const { reference } = order;
    if (!isId(reference)) return { state: 'unproven', evidence: 'reference_missing' };
    try {
      const parameters = { expand: EXPANDED };
      const response = await this.#client.retrieveIntent(reference, parameters, { signal });
      return lookUpAnswerOf(order, response);
    } catch (error) {
      return { state: 'unproven', evidence: outcomeOfTransportError(error).evidence };
    }
  }

  async provision(card: Card, key: string, signal: AbortSignal): Promise<ProvisionOutcome> {
    const { number, expMonth, expYear, cvc } = card;
    try {
      const parameters = {
        type: 'card' as const,
        card: {
          ...{ number, exp_month: expMonth, exp_year: expYear },
          ...(cvc === undefined ? {} : { cvc }),
        },
      };
      const options = { signal, idempotencyKey: `${key}.method` };
      return provisionOutcomeOf(await this.#client.createPaymentMethod(parameters, options));
    } catch (error) {
      return { kind: 'failed', evidence: outcomeOfTransportError(error).evidence };
    }
  }

  /** All intents, and then all refunds, the newest first; Stripe counts in seconds. */
  async list(
    { fromMs, toMs }: BooksWindow,
    cursor: string | null,
    signal: AbortSignal,
  ): Promise<ListAnswer> {
    const { of, after } = placeOf(cursor);
    const parameters = {
      created: { gte: Math.ceil(fromMs / 1_000), lt: Math.ceil(toMs / 1_000) },
      limit: LIST_MAX,
      ...(after !== '' && { starting_after: after }),
    };
    try {
      const response =
        of === 'intents'
          ? await this.#client.listIntents(parameters, { signal })
          : await this.#client.listRefunds(
              { ...parameters, expand: ['data.payment_intent'] },
              { signal },
            );
      return listAnswerOf(of, response);
    } catch (error) {
      return { kind: 'failed', evidence: outcomeOfTransportError(error).evidence };
    }
  }

  async ping(signal: AbortSignal): Promise<void> {
    const { status } = await this.#client.retrieveBalance({ signal });
    if (status >= 500) throw new Error(`Stripe answers ${status}.`);
  }
}

/** One operation on an intent that exists. */
async function moving(
  { reference }: AttemptOrder,
  move: (reference: string) => Promise<Outcome>,
): Promise<Outcome> {
  if (!isId(reference)) return NO_REFERENCE;
  try {
    return await move(reference);
  } catch (error) {
    return outcomeOfTransportError(error);
  }
}
