import { type Violation, holdsCardNumber } from '#contracts';
import type { Json } from '#domain';
import { ProblemException } from './problem.exception.js';

/**
 * Refuses a request with a card number in any of its texts or names: it would be in the log for ever. Nothing of it is repeated.
 * @throws ProblemException
 */
export function refuseCardData(request: Json): void {
  const pointers = [...new Set(cardNumbersIn(request, ''))];
  if (pointers.length === 0) return;
  const violations = pointers.map((pointer): Violation => ({
    pointer,
    rule: 'no_card_number',
    detail: 'This looks like a card number; cards go to POST /v1/payment_methods.',
  }));
  const detail = 'There is a card number in the body; exchange the card for a token first.';
  throw new ProblemException('validation_failed', detail, { violations });
}

/** Where they are, as JSON pointers; one in a name is pointed at by the object that has the name. */
function* cardNumbersIn(value: Json, pointer: string): Generator<string> {
  if (typeof value === 'string' && holdsCardNumber(value)) yield pointer;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    const isInName = holdsCardNumber(name);
    if (isInName) yield pointer;
    yield* cardNumbersIn(member as Json, isInName ? pointer : `${pointer}/${escaped(name)}`);
  }
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
