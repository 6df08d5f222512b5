import {
  type MsgHdrs,
  ServiceErrorCodeHeader,
  ServiceErrorHeader,
  headers as emptyHeaders,
} from 'nats';

/** What the subjects of the bus begin with on the wire: apart from those of agents, `bursar.v1.…`. */
export const INTERNAL_PREFIX = 'bursar.internal.';

/** Where one process in particular, of those that serve a subject, is asked: `queries.at.<process>.access.identify`. */
export function addressed(subject: string, process: string): string {
  const head = subject.slice(0, subject.indexOf('.'));
  return `${head}.at.${process}${subject.slice(head.length)}`;
}

const ERROR_NAME = 'Bursar-Error-Name';
const DETAIL_MAX = 1_000;

/** The server does not take a message of this size; nothing was sent. */
export class PayloadTooLargeError extends Error {
  constructor() {
    super('more than the server takes in one message');
    this.name = 'PayloadTooLargeError';
  }
}

export function natsHeaders(named: Readonly<Record<string, string>>): MsgHdrs | undefined {
  const entries = Object.entries(named);
  if (entries.length === 0) return undefined;
  const headers = emptyHeaders();
  for (const [name, value] of entries) headers.set(name, value);
  return headers;
}

/** The standard headers of a service that failed, and the name of what was thrown. */
export function errorHeaders(thrown: unknown, code = 500): Record<string, string> {
  const { name, message } = thrown instanceof Error ? thrown : new Error(String(thrown));
  return {
    ...serviceErrorHeaders(code, oneLine(message) || 'failed'),
    [ERROR_NAME]: oneLine(name) || 'Error',
  };
}

/** By which clients and tools of NATS see that a service failed. `description`: one line. */
export function serviceErrorHeaders(code: number, description: string): Record<string, string> {
  return { [ServiceErrorCodeHeader]: String(code), [ServiceErrorHeader]: description };
}

/** Null for the reply of somebody who did not fail. */
export function errorIn(headers: MsgHdrs | undefined): { name: string; detail: string } | null {
  if (!headers?.has(ServiceErrorCodeHeader)) return null;
  const name = headers.get(ERROR_NAME) || 'Error';
  return { name, detail: headers.get(ServiceErrorHeader) };
}

export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value ?? null));
}

/** @throws SyntaxError, TypeError for bytes that are no UTF-8 */
export function decodeJson(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
}

/** A header ends with its line. */
function oneLine(text: string): string {
  return text
    .slice(0, DETAIL_MAX)
    .replaceAll(/[\x00-\x1f\x7f]+/g, ' ')
    .trim();
}
