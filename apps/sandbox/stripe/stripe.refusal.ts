import { answer, type Answer } from '../json-http.js';

export interface StripeErrorFields {
  type?: 'invalid_request_error' | 'card_error' | 'idempotency_error' | 'api_error';
  code?: string;
  decline_code?: string;
  param?: string;
  message: string;
  /** The object that the error is about, as Stripe shows it. */
  payment_intent?: unknown;
}

/** A no in Stripe's own form: `{ "error": { "type", "code", "decline_code", "param", "message", "payment_intent" } }`. */
export class StripeRefusal extends Error {
  constructor(
    readonly status: 400 | 401 | 402 | 404 | 405 | 409,
    readonly fields: StripeErrorFields,
    /** Given before execution began: the idempotency key stays unused. */
    readonly beforeExecution = false,
  ) {
    super(fields.message);
    this.name = 'StripeRefusal';
  }

  toAnswer(): Answer {
    return answer(this.status, { error: { type: 'invalid_request_error', ...this.fields } });
  }
}

/** The parameters are wrong, whatever the state of things. */
export const invalid = (fields: Omit<StripeErrorFields, 'type'>) =>
  new StripeRefusal(400, fields, true);

export const missing = (param: string, what: string, id: string, status: 400 | 404 = 404) =>
  new StripeRefusal(status, {
    code: 'resource_missing',
    param,
    message: `No such ${what}: '${id.slice(0, 100)}'`,
  });
