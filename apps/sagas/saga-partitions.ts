import type { SagaPartition } from '#runtime';

/** What ids begin with: those of payments, payment methods and notices are base32, those of parked deliveries are events' UUIDs. Both are as good as random. */
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
const HEX = '0123456789abcdef';
const LETTERS_EACH = BASE32.length / HEX.length;

/**
 * The shares into which the followed streams fall, whatever the number of processes; by prefix, so that a store filters them itself.
 * As many as there are processes that can share the work. Another division makes every checkpoint worthless once.
 */
export const SAGA_PARTITIONS: readonly SagaPartition[] = Array.from(HEX, (digit, number) => {
  const letters = BASE32.slice(number * LETTERS_EACH, (number + 1) * LETTERS_EACH);
  return {
    name: `sagas-${digit}`,
    streamPrefixes: [
      ...Array.from(letters, (letter) => `payment_intent-${letter}`),
      ...Array.from(letters, (letter) => `payment_method-${letter}`),
      ...Array.from(letters, (letter) => `processor_notice-${letter}`),
      `parked_delivery-${digit}`,
    ],
  };
});
