/** How long a human has to approve a payment, in milliseconds. */
export class ApprovalTime {
  constructor(readonly ms: number) {}
}
