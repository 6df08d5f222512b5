/** A token that this processor did not give. Another one may have, so it is a soft decline. */
export const UNKNOWN_METHOD = {
  kind: 'declined',
  category: 'soft',
  code: 'unknown_payment_method',
} as const;
