import { HttpTransportError } from '#platform';
import { SystemRandom, SystemTimers } from '#platform/system';
import { UndiciHttpClient } from '#platform/undici';
import { readIfThere } from '../private-file.js';
import { type Credentials, FIRST_TENANT, credentialsPath } from '../tenant-credentials.js';
import type { Asked } from './command.js';
import { CommandFailure, type ProblemBody, problemFailure } from './failures.js';

/** An answer's JSON, and the text that it came as. */
export interface ApiAnswer<T> {
  body: T;
  text: string;
}

export interface ApiClient {
  /** @throws CommandFailure for every answer that is no success, and for none */
  get<T>(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<ApiAnswer<T>>;
  post<T>(path: string, body: object): Promise<ApiAnswer<T>>;
}

const ANSWER_WITHIN_MS = 30_000;

/** Asks the server as one of its people. @throws CommandFailure when there are no credentials for it */
export async function withApi<T>(
  asked: Asked,
  role: 'auditor' | 'operator',
  use: (api: ApiClient) => Promise<T>,
  withinMs = ANSWER_WITHIN_MS,
): Promise<T> {
  const credentials = credentialsOf(asked);
  const baseUrl = baseUrlOf(asked, credentials);
  const [http, random] = [new UndiciHttpClient({ connectTimeoutMs: 5_000 }), new SystemRandom()];
  const headers = { authorization: `Bearer ${credentials[role].key}` };
  const ask = async <T>(method: 'GET' | 'POST', path: string, body?: object) => {
    const url = `${baseUrl}${path}`;
    const sent = body && {
      body: JSON.stringify(body),
      headers: {
        ...headers,
        'content-type': 'application/json',
        'idempotency-key': random.uuid(),
      },
    };
    const send = (signal: AbortSignal) => http.request({ method, url, headers, ...sent, signal });
    return answerOf<T>(url, withinMs, send);
  };
  try {
    return await use({
      get: (path, query = {}) => ask('GET', `${path}${queryString(query)}`),
      post: (path, body) => ask('POST', path, body),
    });
  } finally {
    await http.close();
  }
}

/** @throws CommandFailure when there are none */
export function credentialsOf({ dataDir, options }: Asked): Credentials {
  const tenant = options['tenant'] ?? FIRST_TENANT;
  if (!/^[a-z0-9-]+$/.test(tenant)) throw new CommandFailure(`There is no tenant ${tenant}.`);
  const path = credentialsPath(dataDir, tenant);
  const text = readIfThere(path);
  if (text === undefined)
    throw new CommandFailure(
      `There are no credentials in ${path}: start the server once, or name its data folder with --data-dir.`,
    );
  try {
    return JSON.parse(text) as Credentials;
  } catch {
    throw new CommandFailure(`${path} does not hold credentials.`);
  }
}

function baseUrlOf({ options }: Asked, credentials: Credentials): string {
  const url = options['url'] ?? credentials.base_url;
  if (!/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : ''))
    throw new CommandFailure(`${url} is not the URL of a server.`);
  return url.replace(/\/+$/, '');
}

async function answerOf<T>(
  url: string,
  withinMs: number,
  send: (signal: AbortSignal) => Promise<{ status: number; body: string }>,
): Promise<ApiAnswer<T>> {
  const abort = new AbortController();
  const cancel = new SystemTimers().after(withinMs, () => abort.abort());
  try {
    const { status, body: text } = await send(abort.signal);
    const body = jsonOf(url, status, text);
    if (status >= 400) throw problemFailure(body as ProblemBody);
    return { body: body as T, text };
  } catch (error) {
    if (!(error instanceof HttpTransportError)) throw error;
    const detail = `No server answers at ${new URL(url).origin} (${error.evidence}).`;
    throw new CommandFailure(detail, { code: 'unreachable', detail });
  } finally {
    cancel();
  }
}

function jsonOf(url: string, status: number, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandFailure(
      `${new URL(url).origin} answered ${status} with something else than JSON.`,
    );
  }
}

function queryString(query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((pair): pair is [string, string] => !!pair[1]);
  return given.length > 0 ? `?${new URLSearchParams(given).toString()}` : '';
}
