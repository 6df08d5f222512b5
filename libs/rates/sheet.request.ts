import { type HttpClient, HttpTransportError } from '#platform';
import type { SheetOutcome } from './rate-source.port.js';

/** Gets a document and reads it. Does not reject, whatever comes back and whatever reading it does. */
export async function requestSheet(
  http: HttpClient,
  { url, headers = {} }: { url: string; headers?: Record<string, string> },
  signal: AbortSignal,
  read: (body: string) => SheetOutcome,
): Promise<SheetOutcome> {
  try {
    const { status, body } = await http.request({ method: 'GET', url, headers, signal });
    if (status !== 200) return { ok: false, fault: 'refused', detail: `http_${status}` };
    return read(body);
  } catch (error) {
    // No other words of it: they may hold the address, and that a key.
    return error instanceof HttpTransportError
      ? { ok: false, fault: 'unreachable', detail: error.evidence }
      : { ok: false, fault: 'provider_failed', detail: 'the answer could not be read' };
  }
}
