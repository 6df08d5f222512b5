import type { Dispatcher } from 'undici';
import { type HttpResponse, HttpTransportError } from '../http-client.port.js';
import { evidenceOf } from './transport.evidence.js';

const BODY_BYTES_MAX = 1024 * 1024;

export interface HttpExchangeLimits {
  bodyBytesMax: number;
  /** Whether of a longer body the beginning is the answer; otherwise it is no answer. */
  cutsBody: boolean;
}

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

/**
 * One request and its answer. undici calls `onRequestStart` on an open connection right before it writes the first byte,
 * and not at all before that: this, not the kind of error, proves that a request was not sent.
 */
export class HttpExchange implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private settled = false;
  private status = 0;
  private headers: Record<string, string> = {};
  private readonly chunks: Buffer[] = [];
  private bytes = 0;

  constructor(
    private readonly signal: AbortSignal | undefined,
    private readonly resolve: (response: HttpResponse) => void,
    private readonly reject: (error: HttpTransportError) => void,
    private readonly limits: HttpExchangeLimits = { bodyBytesMax: BODY_BYTES_MAX, cutsBody: false },
  ) {
    signal?.addEventListener('abort', this.onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.settled) controller.abort(new Error('aborted before it was sent'));
    else this.controller = controller;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers) {
    this.status = status;
    this.headers = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]),
    );
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { bodyBytesMax, cutsBody } = this.limits;
    const left = bodyBytesMax - this.bytes;
    this.bytes += chunk.length;
    if (chunk.length <= left || cutsBody) this.chunks.push(chunk.subarray(0, left));
    if (chunk.length <= left) return;
    if (cutsBody) this.onResponseEnd();
    else this.fail('response_too_large');
    controller.abort(new Error('response too large'));
  }

  onResponseEnd(): void {
    if (!this.settle()) return;
    const body = Buffer.concat(this.chunks).toString('utf8');
    this.resolve({ status: this.status, headers: this.headers, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(evidenceOf(error), error);
  }

  /** The request could not even be handed over. */
  refuse(error: unknown): void {
    this.fail(evidenceOf(error), error);
  }

  private readonly onAbort = (): void => {
    this.fail('aborted');
    this.controller?.abort(new Error('aborted'));
  };

  private fail(evidence: string, cause?: unknown): void {
    if (!this.settle()) return;
    const phase = this.controller ? 'sent' : 'not_sent';
    this.reject(new HttpTransportError(phase, evidence, { cause }));
  }

  private settle(): boolean {
    if (this.settled) return false;
    this.settled = true;
    this.signal?.removeEventListener('abort', this.onAbort);
    return true;
  }
}
