/**
 * Where to go on: everything up to `low` is acknowledged, and so are the positions above it in `acknowledged`. All of them are
 * positions that the log gave out, or -1: nobody can read on after any other.
 */
export interface Checkpoint {
  low: number;
  acknowledged: number[];
}

export const START: Checkpoint = { low: -1, acknowledged: [] };

/** Above this many positions the ones furthest ahead are left out: they come again after a crash, which is harmless. */
const ACKNOWLEDGED_MAX = 10_000;

/**
 * What is open and what is done, in log order, so that one slow delivery holds up nobody else and a crash brings back only
 * what was open.
 */
export class Progress {
  /** Each open position with the one that was known before it. */
  private readonly open = new Map<number, number>();
  private readonly ahead = new Set<number>();
  private scannedTo: number;

  constructor(start: Checkpoint) {
    this.scannedTo = start.low;
    for (const position of start.acknowledged) this.ahead.add(position);
  }

  /** False when the position was acknowledged in an earlier life. */
  begin(position: number): boolean {
    const before = this.scannedTo;
    this.scanned(position);
    if (this.ahead.has(position)) return false;
    if (!this.open.has(position)) this.open.set(position, before);
    return true;
  }

  acknowledge(position: number): void {
    if (this.open.delete(position)) this.ahead.add(position);
  }

  scanned(position: number): void {
    this.scannedTo = Math.max(this.scannedTo, position);
  }

  get openCount(): number {
    return this.open.size;
  }

  checkpoint(): Checkpoint {
    // Positions are opened in log order, so the first of the map is the lowest.
    const beforeLowest = this.open.values().next();
    const low = beforeLowest.done ? this.scannedTo : beforeLowest.value;
    for (const position of this.ahead) if (position <= low) this.ahead.delete(position);
    const acknowledged = [...this.ahead].sort((a, b) => a - b).slice(0, ACKNOWLEDGED_MAX);
    return { low, acknowledged };
  }
}
