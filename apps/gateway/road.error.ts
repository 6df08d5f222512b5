/** `closed`: this installation has no such road. `away`: the other end cannot be reached now; the same may be sent again. */
export class RoadError extends Error {
  constructor(
    readonly reason: 'closed' | 'away',
    options?: { cause?: unknown },
  ) {
    super(`the road to the connectors is ${reason}`, options);
    this.name = 'RoadError';
  }
}
