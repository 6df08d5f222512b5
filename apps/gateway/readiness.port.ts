/** Whether the process may be sent requests: what `/readyz` says. */
export abstract class Readiness {
  abstract ready(): boolean;
  /** What it waits for, in words; empty when ready. */
  abstract reasons(): string[];
}
