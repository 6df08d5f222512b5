import { Clock, Random, Timers } from '#platform';
import { Prng } from './prng.js';

/** 2030-01-01T00:00:00Z: when every simulation begins. */
const BEGINNING_MS = Date.UTC(2030, 0, 1);

interface Happening {
  readonly atMs: number;
  /** Breaks ties by chance, so that what is due at the same instant comes in any order. */
  readonly tie: number;
  readonly order: number;
  readonly life: Life | null;
  readonly label: string;
  readonly run: () => void;
  canceled: boolean;
}

/** One life of a process. When it ends, whatever it still waits for never comes. */
export class Life {
  alive = true;

  constructor(readonly name: string) {}
}

/** Called before a life goes on from an `await`; true: it dies there instead. */
export type CrashRule = (life: Life, label: string) => boolean;

/**
 * Virtual time and the order of all that happens, from one seed. Nothing runs by itself: every port of every process
 * schedules here, and between two happenings all promises settle.
 */
export class Kernel {
  readonly prng: Prng;
  /** Of everything that happened, in order: equal runs have equal hashes. */
  hash = 0x811c9dc5;
  happened = 0;
  trace: string[] | null = null;
  crashes: CrashRule = () => false;
  onCrash: (life: Life) => void = () => {};
  private readonly heap: Happening[] = [];
  private scheduled = 0;
  private elapsedMs = 0;

  constructor(readonly seed: number) {
    this.prng = new Prng(seed);
  }

  /** Milliseconds since the simulation began. */
  get nowMs(): number {
    return this.elapsedMs;
  }

  /** `life`: whose happening it is; it does not come when that is dead. Null: the world's own. */
  schedule(delayMs: number, label: string, life: Life | null, run: () => void): () => void {
    this.scheduled += 1;
    const happening: Happening = {
      atMs: this.elapsedMs + Math.max(0, delayMs),
      tie: this.prng.next(),
      order: this.scheduled,
      life,
      label,
      run,
      canceled: false,
    };
    push(this.heap, happening);
    return () => {
      happening.canceled = true;
    };
  }

  /** A promise that resolves after `delayMs` of virtual time, if its life lasts that long. */
  sleep(delayMs: number, label: string, life: Life | null): Promise<void> {
    return new Promise((resolve) => void this.schedule(delayMs, label, life, resolve));
  }

  note(line: string): void {
    let hash = this.hash;
    for (let index = 0; index < line.length; index += 1)
      hash = Math.imul(hash ^ line.charCodeAt(index), 0x01000193);
    this.hash = hash >>> 0;
    this.trace?.push(`${String(this.elapsedMs).padStart(8)} ${line}`);
  }

  /** The next thing happens, and everything that follows at once; false when nothing is left until `untilMs`. */
  async step(untilMs = Infinity): Promise<boolean> {
    for (;;) {
      const next = this.heap[0];
      if (!next || next.atMs > untilMs) return false;
      pop(this.heap);
      const { life } = next;
      if (next.canceled || life?.alive === false) continue;
      this.elapsedMs = Math.max(this.elapsedMs, next.atMs);
      if (life && this.crashes(life, next.label)) {
        this.kill(life);
        return true;
      }
      this.happened += 1;
      this.note(`${next.label}${life ? ` @${life.name}` : ''}`);
      next.run();
      await settled();
      return true;
    }
  }

  kill(life: Life): void {
    if (!life.alive) return;
    life.alive = false;
    this.note(`crash @${life.name}`);
    this.onCrash(life);
  }
}

/** Every microtask ran, and those they started. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class SimClock extends Clock {
  constructor(
    private readonly kernel: Kernel,
    /** How far this machine's clock is off. */
    private readonly skewMs: number,
  ) {
    super();
  }

  now(): number {
    return BEGINNING_MS + this.kernel.nowMs + this.skewMs;
  }

  monotonicMs(): number {
    return this.kernel.nowMs;
  }
}

export class SimTimers extends Timers {
  constructor(
    private readonly kernel: Kernel,
    private readonly life: Life | null,
  ) {
    super();
  }

  after(delayMs: number, fire: () => void): () => void {
    return this.kernel.schedule(delayMs, 'timer', this.life, fire);
  }
}

export class SimRandom extends Random {
  constructor(private readonly prng: Prng) {
    super();
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.prng.below(256)));
  }

  uuid(): string {
    const hex = this.bytes(16).toString('hex');
    const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`];
    return [...parts, `8${hex.slice(17, 20)}`, hex.slice(20)].join('-');
  }
}

function isBefore(left: Happening, right: Happening): boolean {
  if (left.atMs !== right.atMs) return left.atMs < right.atMs;
  return left.tie === right.tie ? left.order < right.order : left.tie < right.tie;
}

/** A binary heap, the earliest first. */
function push(heap: Happening[], happening: Happening): void {
  let index = heap.push(happening) - 1;
  while (index > 0) {
    const above = (index - 1) >> 1;
    if (!isBefore(happening, heap[above] as Happening)) break;
    heap[index] = heap[above] as Happening;
    index = above;
  }
  heap[index] = happening;
}

function pop(heap: Happening[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let below = 2 * index + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && isBefore(heap[below + 1] as Happening, heap[below] as Happening))
      below += 1;
    if (!isBefore(heap[below] as Happening, last)) break;
    heap[index] = heap[below] as Happening;
    index = below;
  }
  heap[index] = last;
}
