import {
  INITIAL_PAYMENT_INTENT,
  type PaymentIntentEvent,
  type PaymentIntentState,
  evolvePaymentIntent,
} from '#domain';
import type { Appended } from '#event-store';
import { type Flow, adapt, arrange, scenarioOfFlow } from './crash-points.flows.js';
import type { Life } from './kernel.js';
import { run } from './run.js';
import { SimStore } from './sim.store.js';
import type { World } from './world.js';

/**
 * Where one life ends. Its happenings, each of them a going on from an `await`, are counted from 1 and from the agent's
 * request on. It dies instead of one, or right after one, when what that one appended is on its way.
 */
export interface Point {
  readonly moment: 'instead' | 'after';
  readonly happening: number;
}

/** How the lives of one process end. */
export interface Crashes {
  /** Of the first life, the second … */
  readonly points: readonly Point[];
  /** Of the appends on their way when their process died, in order: whether they got there. More than are listed do. */
  readonly arrivals: readonly boolean[];
}

export interface Played {
  readonly crashes: Crashes;
  /** Where each life could have died. */
  readonly lives: readonly (readonly Point[])[];
  readonly ends: readonly string[];
  /** Types of everything recorded. */
  readonly recorded: ReadonlySet<string>;
  /** Broken rules, and ends that are not the flow's. */
  readonly findings: readonly string[];
  readonly trace: readonly string[] | null;
}

export const NO_CRASH: Crashes = { points: [], arrivals: [] };

/** Runs a flow to its end, with these crashes. */
export async function play(flow: Flow, crashes: Crashes, trace = false): Promise<Played> {
  const fate = new Fate(crashes);
  let world: World | null = null;
  const { violations, trace: lines } = await run(scenarioOfFlow(flow).seed, {
    scenario: scenarioOfFlow(flow),
    trace,
    crashes: (life, label) => fate.strikes(life, label),
    sabotage: {
      store: (...given) => new FatefulStore(fate, ...given),
      ports: (ports, itsWorld) => {
        adapt(flow, ports);
        if (!world) arrange(flow, itsWorld);
        world = itsWorld;
        fate.kill = (life) => itsWorld.kernel.kill(life);
      },
    },
  });
  const events = (world as World | null)?.shared.log.events ?? [];
  const ends = endsOf(events as unknown as readonly Recorded[]);
  const recorded = new Set(events.map(({ type }) => type));
  const broken = violations.map(({ rule, what }) => `${rule}: ${what}`);
  return {
    crashes: { points: crashes.points, arrivals: fate.arrivals },
    lives: fate.lives,
    ends,
    recorded,
    findings: mayEnd(flow, ends, recorded)
      ? broken
      : [...broken, `ends as ${JSON.stringify(ends)}`],
    trace: lines,
  };
}

/** Every way to crash once more than `played` did, and every fate of the appends that are on their way then. */
export async function* crashedOnceMore(
  flow: Flow,
  { crashes, lives }: Played,
): AsyncIterable<Played> {
  for (const point of lives[crashes.points.length] ?? []) {
    const points = [...crashes.points, point];
    let arrivals: readonly boolean[] | null = crashes.arrivals;
    while (arrivals) {
      const played: Played = await play(flow, { points, arrivals });
      yield played;
      arrivals = otherFate(played.crashes.arrivals, crashes.arrivals.length);
    }
  }
}

/** How to see one run again. */
export function reproduction({ name }: Flow, { points, arrivals }: Crashes): string {
  const fates = arrivals.map((arrives) => (arrives ? '+' : '-')).join('');
  return `npm run simulate:crash-points -- "${name}" ${points.map(textOf).join(',')} ${fates}`.trim();
}

/** `17` is instead of the 17th happening, `17a` right after it. */
export function pointOf(text: string): Point {
  return { happening: parseInt(text, 10), moment: text.endsWith('a') ? 'after' : 'instead' };
}

function textOf({ happening, moment }: Point): string {
  return moment === 'after' ? `${happening}a` : String(happening);
}

/** Counts up in binary, from all arrived to none; null after that. The first `fixed` stay. */
function otherFate(arrivals: readonly boolean[], fixed: number): boolean[] | null {
  const last = arrivals.lastIndexOf(true);
  return last < fixed ? null : [...arrivals.slice(0, last), false];
}

/** Counts the happenings of each life, and ends it where that is decided. */
class Fate {
  readonly lives: Point[][] = [];
  readonly arrivals: boolean[] = [];
  readonly appending = new Set<Life>();
  kill: (life: Life) => void = () => {};
  private begun = false;
  private readonly counts = new Map<Life, number>();

  constructor(private readonly crashes: Crashes) {}

  /** Asked before every happening of a life. */
  strikes(life: Life, label: string): boolean {
    if (life.name === 'people') this.begun ||= label === 'somebody begins';
    if (life.name === 'people' || !this.begun) return false;
    const happening = (this.counts.get(life) ?? 0) + 1;
    this.counts.set(life, happening);
    // Comes when all that the happening sets off has run, and before the kernel goes on.
    setImmediate(() => {
      if (this.appending.has(life) && this.isHere(life, { moment: 'after', happening }))
        this.kill(life);
    });
    return this.isHere(life, { moment: 'instead', happening });
  }

  /** Whether an append got there whose process died meanwhile. */
  arrives(): boolean {
    const arrives = this.crashes.arrivals[this.arrivals.length] ?? true;
    this.arrivals.push(arrives);
    return arrives;
  }

  private isHere(life: Life, { moment, happening }: Point): boolean {
    const turn = Number(life.name.slice(1)) - 1;
    (this.lives[turn] ??= []).push({ moment, happening });
    const decided = this.crashes.points[turn];
    return decided?.moment === moment && decided.happening === happening;
  }
}

class FatefulStore extends SimStore {
  private onTheirWay = 0;

  constructor(
    private readonly fate: Fate,
    ...given: ConstructorParameters<typeof SimStore>
  ) {
    super(...given);
  }

  override append(...given: Parameters<SimStore['append']>): Promise<Appended> {
    this.onTheirWay += 1;
    this.fate.appending.add(this.life);
    return super.append(...given);
  }

  protected override arrives(): boolean {
    return this.fate.arrives();
  }

  protected override write(...given: Parameters<SimStore['append']>): Promise<Appended> {
    this.onTheirWay -= 1;
    if (this.onTheirWay === 0) this.fate.appending.delete(this.life);
    return super.write(...given);
  }
}

type Recorded = PaymentIntentEvent & { readonly stream: string };

/** How each payment ended, in the order of their texts. */
function endsOf(events: readonly Recorded[]): string[] {
  const payments = new Map<string, PaymentIntentState>();
  for (const event of events) {
    if (!event.stream.startsWith('payment_intent-')) continue;
    const before = payments.get(event.stream) ?? INITIAL_PAYMENT_INTENT;
    payments.set(event.stream, evolvePaymentIntent(before, event));
  }
  return [...payments.values()].map(endOf).sort();
}

function endOf(state: PaymentIntentState): string {
  const back = state.refunds
    .filter(({ status }) => status === 'succeeded')
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const attempt = state.attempts.at(-1);
  const words = [
    state.failure?.code ?? `${state.amountCapturedMinor} taken, ${back} back`,
    attempt && `${attempt.processor} ${attempt.outcome}`,
    state.reservation && `reservation ${state.reservation.status}`,
    state.parked && `parked: ${state.parked.reason}`,
  ];
  return `${state.status}: ${words.filter(Boolean).join(', ')}`;
}

function mayEnd(
  { ends, alsoEnds }: Flow,
  ended: readonly string[],
  recorded: ReadonlySet<string>,
): boolean {
  const endedAs = (each: readonly string[]) => JSON.stringify(each) === JSON.stringify(ended);
  if (endedAs(ends) || !alsoEnds) return endedAs(ends);
  // A set keeps the order in which things were first recorded.
  const [first] = [...recorded].filter((type) => [alsoEnds.unless, alsoEnds.before].includes(type));
  return first !== alsoEnds.unless && alsoEnds.ends.some(endedAs);
}
