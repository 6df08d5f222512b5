import type { Answer } from '#contracts';

/** What a payment request came to, as one of few words. */
export function paymentOutcome({ status, body }: Answer): string {
  if (status === 202) return 'processing';
  const { code, status: paymentStatus } = JSON.parse(body) as { code?: string; status?: unknown };
  return code ?? String(paymentStatus);
}
