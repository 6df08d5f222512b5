/**
 * Where to go on: everything up to `low` is acknowledged, and so is everything from there up to `scannedTo` but for what is
 * `open`. As large as what is open, however long that has been so.
 */
export interface Checkpoint {
  /** Of an event that the log holds, so that it can be read on from there; -1 before the first. */
  low: number;
  scannedTo: number;
  /** In log order. */
  open: number[];
}

export const START: Checkpoint = { low: -1, scannedTo: -1, open: [] };

/**
 * What is open and what is done, in log order, so that one slow delivery holds up nobody else and a crash brings back only
 * what was open.
 */
export class Progress {
  /** With the position before each in the log. In log order. */
  private readonly open = new Map<number, number>();
  /** How far an earlier life came, and what it left open up to there. In log order. */
  private readonly earlier: { scannedTo: number; left: Set<number> };
  private seen: number;

  constructor({ low, scannedTo, open }: Checkpoint) {
    this.seen = low;
    this.earlier = { scannedTo, left: new Set(open) };
  }

  /** False when the position was acknowledged in an earlier life, or begun in this one. */
  begin(position: number): boolean {
    const { scannedTo, left } = this.earlier;
    const before = this.seen;
    if (position <= before) return false;
    this.seen = position;
    if (position <= scannedTo && !left.delete(position)) return false;
    this.open.set(position, before);
    return true;
  }

  acknowledge(position: number): void {
    this.open.delete(position);
  }

  scanned(position: number): void {
    this.seen = Math.max(this.seen, position);
  }

  get openCount(): number {
    return this.open.size;
  }

  checkpoint(): Checkpoint {
    const { scannedTo, left } = this.earlier;
    const lowest = this.open.values().next();
    return {
      low: lowest.done ? this.seen : lowest.value,
      scannedTo: Math.max(this.seen, scannedTo),
      open: [...this.open.keys(), ...left],
    };
  }
}
