/** Where to go on: everything up to `low` is acknowledged, and so are the positions above it in `acknowledged`. */
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
  private readonly open = new Set<number>();
  private readonly ahead = new Set<number>();
  private scannedTo: number;

  constructor(start: Checkpoint) {
    this.scannedTo = start.low;
    for (const position of start.acknowledged) this.ahead.add(position);
  }

  /** False when the position was acknowledged in an earlier life. */
  begin(position: number): boolean {
    this.scannedTo = Math.max(this.scannedTo, position);
    if (this.ahead.has(position)) return false;
    this.open.add(position);
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
    // Positions are opened in log order, so the first of the set is the lowest.
    const lowest = this.open.values().next();
    const low = lowest.done ? this.scannedTo : lowest.value - 1;
    for (const position of this.ahead) if (position <= low) this.ahead.delete(position);
    const acknowledged = [...this.ahead].sort((a, b) => a - b).slice(0, ACKNOWLEDGED_MAX);
    return { low, acknowledged };
  }
}
