import { HttpTransportError, type HttpClient, type HttpResponse } from '#platform';
import { SystemClock, SystemTimers } from '#platform/system';
import { CommandFailure } from '../command-line/failures.js';
import type { Narrator } from './narrator.js';

export type Json = Record<string, unknown>;

export interface DemoAnswer {
  status: number;
  body: Json;
  /** The bytes as they came. */
  text: string;
  replayed: boolean;
}

export interface Sending {
  key: string;
  body: Json;
  /** Members of the answer that matter here. */
  showing: readonly string[];
  prefer?: string;
}

/** One of the people or agents of the demo, whose calls are told. */
export interface Principal {
  post(path: string, sending: Sending): Promise<DemoAnswer>;
  /** Told when `showing` names what matters in the answer. */
  get(path: string, showing?: readonly string[]): Promise<DemoAnswer>;
}

/** A charge in a processor's own books. */
export interface Charge {
  processor: string;
  merchant_reference: string;
  amount: number;
  currency: string;
  state: 'authorized' | 'captured' | 'voided' | 'refunded';
  amount_captured: number;
  amount_refunded: number;
}

const PROCESSORS = ['sandbox_a', 'sandbox_b'] as const;
export type ProcessorName = (typeof PROCESSORS)[number];
const LOOK_EVERY_MS = 100;
const WAIT_MS = 60_000;

export function principal(
  http: HttpClient,
  narrator: Narrator,
  { who, baseUrl, key }: { who: string; baseUrl: string; key: string },
): Principal {
  const authorization = `Bearer ${key}`;
  return {
    post: async (path, { key: idempotencyKey, body, showing, prefer }) => {
      narrator.show(`${who}: POST ${path}   Idempotency-Key: ${idempotencyKey}`);
      if (prefer) narrator.show(`Prefer: ${prefer}`);
      if (Object.keys(body).length > 0) narrator.show(JSON.stringify(body));
      const headers = {
        authorization,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
        ...(prefer && { prefer }),
      };
      const answer = await ask(http, {
        method: 'POST',
        url: `${baseUrl}${path}`,
        headers,
        body: JSON.stringify(body),
      });
      tell(narrator, answer, showing);
      return answer;
    },
    get: async (path, showing) => {
      if (showing) narrator.show(`${who}: GET ${path}`);
      const headers = { authorization };
      const answer = await ask(http, { method: 'GET', url: `${baseUrl}${path}`, headers });
      if (showing) tell(narrator, answer, showing);
      return answer;
    },
  };
}

/** The switches of the simulated processors, and their books. */
export function sandboxOf(http: HttpClient, narrator: Narrator, url: string) {
  const control = async (method: 'GET' | 'PUT', path: string, body?: Json): Promise<Json> => {
    const sent = body && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
    const answer = await ask(http, { method, url: `${url}${path}`, ...sent });
    if (answer.status !== 200)
      throw new CommandFailure(`${url} is not the sandbox: ${path} answered ${answer.status}.`);
    return answer.body;
  };
  const fault = (processor: ProcessorName, mode: string) =>
    control('PUT', `/processors/${processor}/faults`, { mode, latency_ms: 0, rate: 1 });
  return {
    break: async (processor: ProcessorName, mode: string) => {
      narrator.show(`sandbox: PUT /processors/${processor}/faults {"mode":"${mode}"}`);
      await fault(processor, mode);
    },
    heal: async () => {
      for (const processor of PROCESSORS) await fault(processor, 'none');
    },
    /** The charges for a payment that hold or took money, by whoever made them. */
    charges: async (payment: string): Promise<Charge[]> => {
      const all: Charge[] = [];
      for (const processor of PROCESSORS) {
        const { charges } = await control('GET', `/processors/${processor}/books`);
        for (const charge of charges as Omit<Charge, 'processor'>[])
          all.push({ ...charge, processor });
      }
      return all
        .filter(({ merchant_reference }) => merchant_reference.includes(payment.slice(3)))
        .filter(({ state, amount_captured }) => state === 'authorized' || amount_captured > 0);
    },
  };
}

export type Sandbox = ReturnType<typeof sandboxOf>;

/** Looks again until it is so. @throws CommandFailure when that takes too long */
export async function until<T>(
  what: string,
  look: () => Promise<T>,
  satisfied: (seen: T) => boolean,
): Promise<T> {
  const [clock, timers] = [new SystemClock(), new SystemTimers()];
  const giveUpAtMs = clock.monotonicMs() + WAIT_MS;
  for (;;) {
    const seen = await look();
    if (satisfied(seen)) return seen;
    if (clock.monotonicMs() > giveUpAtMs)
      throw new CommandFailure(`not as told: ${what} did not come about within ${WAIT_MS} ms`);
    await new Promise<void>((resolve) => timers.after(LOOK_EVERY_MS, resolve));
  }
}

async function ask(
  http: HttpClient,
  request: Parameters<HttpClient['request']>[0],
): Promise<DemoAnswer> {
  const { status, headers, body: text } = await sent(http, request);
  const replayed = headers['idempotent-replayed'] === 'true';
  try {
    return { status, text, replayed, body: text === '' ? {} : (JSON.parse(text) as Json) };
  } catch {
    throw new CommandFailure(`${request.url} answered ${status} with something else than JSON.`);
  }
}

async function sent(
  http: HttpClient,
  request: Parameters<HttpClient['request']>[0],
): Promise<HttpResponse> {
  try {
    return await http.request(request);
  } catch (error) {
    if (!(error instanceof HttpTransportError)) throw error;
    const { origin } = new URL(request.url);
    throw new CommandFailure(`Nobody answers at ${origin} (${error.evidence}).`);
  }
}

function tell(
  narrator: Narrator,
  { status, body, replayed }: DemoAnswer,
  showing: readonly string[],
) {
  const members = showing.filter((name) => body[name] !== undefined);
  const shown = Object.fromEntries(members.map((name) => [name, body[name]]));
  narrator.show(
    `→ ${status}${replayed ? ', Idempotent-Replayed: true' : ''} ${JSON.stringify(shown)}`,
  );
}
