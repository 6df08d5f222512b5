import type { Timers } from '#platform';
import type { CardPlace } from './vault.port.js';

/** How long a CVC is kept at most. */
export const CVC_LIVES_MS = 10 * 60 * 1_000;
const KEPT_MAX = 10_000;

interface Kept {
  readonly digits: Buffer;
  readonly cancel: () => void;
}

/**
 * CVCs, in the memory of this process alone, until the first authorization has used them and for ten minutes at most. Another
 * process, and the next life of this one, do without them: they may be kept nowhere else (PCI DSS 4.0.1, 3.3.1).
 */
export class CvcMemory {
  private readonly kept = new Map<string, Kept>();

  constructor(private readonly timers: Timers) {}

  remember(place: CardPlace, cvc: string): void {
    this.forget(place);
    const [oldest] = this.kept.keys();
    if (this.kept.size >= KEPT_MAX && oldest !== undefined) this.drop(oldest);
    const name = nameOf(place);
    const cancel = this.timers.after(CVC_LIVES_MS, () => this.drop(name));
    this.kept.set(name, { digits: Buffer.from(cvc, 'latin1'), cancel });
  }

  /** Undefined when there is none, or none any more. */
  recall(place: CardPlace): string | undefined {
    return this.kept.get(nameOf(place))?.digits.toString('latin1');
  }

  forget(place: CardPlace): void {
    this.drop(nameOf(place));
  }

  private drop(name: string): void {
    const found = this.kept.get(name);
    if (!found) return;
    found.cancel();
    found.digits.fill(0);
    this.kept.delete(name);
  }
}

function nameOf({ tenant, token }: CardPlace): string {
  return `${tenant}/${token}`;
}
