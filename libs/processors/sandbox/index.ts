import type { HttpClient } from '#platform';
import type { Processor } from '../processor.port.js';
import { SandboxConnector, type SandboxAccount } from './sandbox.connector.js';

export type { SandboxAccount } from './sandbox.connector.js';

/** The connector to one processor of the sandbox. */
export const createSandboxProcessor = (account: SandboxAccount, http: HttpClient): Processor =>
  new SandboxConnector(account, http);

/**
 * Asks the sandbox at `sandboxUrl` which processors it runs and where, in its order of preference. Rejects with
 * `HttpTransportError` while it does not answer, and with an `Error` when the answer is not a sandbox's.
 */
export async function discoverSandboxProcessors(
  sandboxUrl: string,
  http: HttpClient,
): Promise<Processor[]> {
  const url = `${sandboxUrl.replace(/\/+$/, '')}/processors`;
  const { status, body } = await http.request({ method: 'GET', url });
  if (status !== 200) throw new Error(`${url} answered ${status}; is that the sandbox?`);
  return accountsOf(body, url).map((account) => createSandboxProcessor(account, http));
}

/** Asks the sandbox where its double of a real processor is, which is spoken to as that one. Rejects as the other does. */
export async function discoverSandboxDouble(
  sandboxUrl: string,
  name: string,
  http: HttpClient,
): Promise<string> {
  const url = `${sandboxUrl.replace(/\/+$/, '')}/processors/${name}`;
  const { status, body } = await http.request({ method: 'GET', url });
  if (status !== 200) throw new Error(`${url} answered ${status}; has the sandbox a ${name}?`);
  const { url: baseUrl } = JSON.parse(body) as { url?: unknown };
  if (typeof baseUrl !== 'string') throw new Error(`${url} describes it in an unknown way.`);
  return baseUrl;
}

function accountsOf(body: string, url: string): SandboxAccount[] {
  const { processors } = JSON.parse(body) as { processors?: unknown };
  if (!Array.isArray(processors)) throw new Error(`${url} names no processors.`);
  // Those that speak another's interface have a connector of their own.
  const own = processors.filter((each: Partial<Record<string, unknown>>) => !each.protocol);
  return own.map((each: Partial<Record<string, unknown>>) => {
    const { name, url: baseUrl, authorization, authorization_valid_seconds: validSeconds } = each;
    const known = authorization === 'one_step' || authorization === 'two_step';
    const lasts = typeof validSeconds === 'number' && validSeconds > 0;
    if (typeof name !== 'string' || typeof baseUrl !== 'string' || !known || !lasts) {
      throw new Error(`${url} describes a processor in an unknown way.`);
    }
    return { name, baseUrl, authorization, authorizationValidForMs: validSeconds * 1_000 };
  });
}
