import { answer, type Answer } from '../json-http.js';

type ErrorType = 'validation' | 'security' | 'internal';

/** A refusal in Adyen's own form, `{ status, errorCode, message, errorType }`. */
export class ServiceError extends Error {
  constructor(
    readonly status: 400 | 401 | 403 | 404 | 409 | 422 | 500 | 503,
    readonly errorCode: string,
    readonly errorType: ErrorType,
    message: string,
    /** The same request with the same key may succeed later. */
    readonly isTransient = false,
  ) {
    super(message);
    this.name = 'ServiceError';
  }

  toAnswer(): Answer {
    const { status, errorCode, message, errorType } = this;
    return {
      ...answer(status, { status, errorCode, message, errorType }),
      ...(this.isTransient && { headers: { 'transient-error': 'true' } }),
    };
  }
}

export const invalid = (errorCode: string, message: string) =>
  new ServiceError(422, errorCode, 'validation', message);

/** Runs the work; what it refuses is an answer like any other, and what it did not expect is Adyen's own trouble. */
export function answered(work: () => Answer): Answer {
  try {
    return work();
  } catch (error) {
    if (error instanceof ServiceError) return error.toAnswer();
    return new ServiceError(500, '000', 'internal', String(error)).toAnswer();
  }
}
