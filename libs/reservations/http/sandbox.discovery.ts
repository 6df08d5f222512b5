import type { HttpClient } from '#platform';
import type { HttpParticipant } from './http.provider.js';

/**
 * Asks the sandbox at `sandboxUrl` which merchants it runs and where. Rejects with `HttpTransportError` while it does not
 * answer, and with an `Error` when the answer is not a sandbox's.
 */
export async function discoverSandboxMerchants(
  sandboxUrl: string,
  http: HttpClient,
): Promise<HttpParticipant[]> {
  const url = `${sandboxUrl.replace(/\/+$/, '')}/merchants`;
  const { status, body } = await http.request({ method: 'GET', url });
  if (status !== 200) throw new Error(`${url} answered ${status}; is that the sandbox?`);
  const { merchants } = JSON.parse(body) as { merchants?: unknown };
  if (!Array.isArray(merchants)) throw new Error(`${url} names no merchants.`);
  return merchants.map(({ name, url: baseUrl }: { name?: unknown; url?: unknown }) => {
    if (typeof name !== 'string' || typeof baseUrl !== 'string') {
      throw new Error(`${url} describes a merchant in an unknown way.`);
    }
    return { participant: name, baseUrl };
  });
}
