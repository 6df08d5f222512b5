/** How long a claim on a purchase is in the way of the next one. */
export class PurchaseWindow {
  constructor(readonly lengthMs: number) {}
}
