/** The stream of one purchase: who claims it, whichever key they ask under. `intent`: the id of a payment intent. */
export type PurchaseEvent =
  | { type: 'PurchaseClaimed'; data: { intent: string; agent: string; at: string } }
  /** Also recorded for an intent that never claimed: the later claim is then refused. */
  | { type: 'PurchaseFreed'; data: { intent: string; at: string } };
