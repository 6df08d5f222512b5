export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  /** Sent as it is; set `content-type` in `headers`. */
  body?: string;
  /** Aborting closes the socket; whether the request was executed stays unknown once a byte was written. */
  signal?: AbortSignal;
}

export interface HttpResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * Why no answer came. `not_sent` is proof that no byte of the request was written (refused, name not found, connect
 * timeout); `sent` means that it may have been executed.
 */
export class HttpTransportError extends Error {
  constructor(
    readonly phase: 'not_sent' | 'sent',
    /** Short snake_case word for the audit: `connection_refused`, `connect_timeout`, `connection_reset`, `aborted` … */
    readonly evidence: string,
    options?: { cause?: unknown },
  ) {
    super(`${evidence} (${phase})`, options);
    this.name = 'HttpTransportError';
  }
}

/** Outgoing HTTP. Never retries, never follows redirects. Rejects only with `HttpTransportError`. */
export abstract class HttpClient {
  abstract request(request: HttpRequest): Promise<HttpResponse>;
  abstract close(): Promise<void>;
}
