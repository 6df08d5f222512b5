/**
 * One life of a saga process. Only the process that caused an attempt to start, in the same life and at its first
 * delivery, knows that nobody has called the processor before it.
 */
export class Sender {
  constructor(readonly id: string) {}
}
