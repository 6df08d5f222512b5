import { createHmac, timingSafeEqual } from 'node:crypto';

/** How old, or how far ahead of this clock, a signature may be. Stripe's own default; never 0, which would switch it off. */
const TOLERANCE_S = 300;

const HEADER_LENGTH_MAX = 2_000;
const SIGNATURES_MAX = 10;

/**
 * Whether `header` (`t=<seconds>,v1=<hex>[,v1=…]`) signs these very bytes with one of the secrets, now.
 * https://docs.stripe.com/webhooks#verify-manually. Everything is compared as it was written, so no other spelling of a
 * signature is accepted. Several `v1` come while Stripe's secret is rolled, several secrets while ours is.
 */
export function isSigned(
  body: Uint8Array,
  header: string | undefined,
  secrets: readonly string[],
  nowMs: number,
): boolean {
  const parts = (header ?? '').slice(0, HEADER_LENGTH_MAX).split(',');
  const times = valuesOf(parts, 't');
  const signatures = valuesOf(parts, 'v1').filter((each) => /^[0-9a-f]{64}$/.test(each));
  const [time] = times;
  if (times.length !== 1 || time === undefined || !/^\d{1,12}$/.test(time)) return false;
  if (!(Math.abs(nowMs / 1_000 - Number(time)) <= TOLERANCE_S)) return false;
  let found = false;
  for (const secret of secrets) {
    const expected = Buffer.from(
      createHmac('sha256', secret).update(`${time}.`).update(body).digest('hex'),
    );
    for (const signature of signatures.slice(0, SIGNATURES_MAX)) {
      found = timingSafeEqual(expected, Buffer.from(signature)) || found;
    }
  }
  return found;
}

const valuesOf = (parts: readonly string[], name: string): string[] =>
  parts.filter((part) => part.startsWith(`${name}=`)).map((part) => part.slice(name.length + 1));
