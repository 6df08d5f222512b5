import type { HttpClient } from '#platform';
import { isObject } from '../exact-json.js';
import { SandboxRateSource } from './sandbox.source.js';

/**
 * Asks the sandbox at `sandboxUrl` which sources of rates it has. Rejects with `HttpTransportError` while it does not answer, and
 * with an `Error` when the answer is not a sandbox's.
 */
export async function discoverSandboxRates(
  sandboxUrl: string,
  http: HttpClient,
): Promise<SandboxRateSource[]> {
  const url = `${sandboxUrl.replace(/\/+$/, '')}/rates`;
  const { status, body } = await http.request({ method: 'GET', url });
  if (status !== 200) throw new Error(`${url} answered ${status}; is that the sandbox?`);
  const { rates } = JSON.parse(body) as { rates?: unknown };
  if (!Array.isArray(rates)) throw new Error(`${url} names no sources of rates.`);
  return rates.map((each: unknown) => {
    const name = isObject(each) ? each['name'] : undefined;
    if (typeof name !== 'string') throw new Error(`${url} describes a source in an unknown way.`);
    return new SandboxRateSource(name, `${url}/${encodeURIComponent(name)}/latest`, http);
  });
}
