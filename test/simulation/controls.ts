import type { Outcome } from '#domain';
import type { AttemptOrder, Processor } from '#processors';
import { createSandboxProcessor } from '#processors/sandbox';
import type { Violation } from './checkers.js';
import { Faults } from './faults.js';
import { Kernel, Life } from './kernel.js';
import { type Scenario, type Wish, scenarioOf } from './scenario.js';
import { Network, SimProcessorServer } from './sim.network.js';

/** A usual way to pay, without the product, in the same weather and against the same processors. */
export interface Control {
  readonly name: string;
  /** Pays once what `key` asks for, or rejects; then the caller asks again under the same key. */
  readonly pay: (till: Till, wish: Wish, key: string) => Promise<Outcome>;
}

const DEADLINE_MS = 1_000;
const CALLER_WAITS_MS = 15_000;
const RESTART_MS = 400;
const CACHE_TTL_MS = 86_400_000;
/** After the world healed: enough for callers to learn the end, and for late requests to land. */
const SETTLING_MS = 120_000;

/** Look in a cache, charge, store the answer for a day. What fails is tried at the next processor, under a key of its own. */
const CACHE: Control = {
  name: 'look in a cache, charge, store the answer with a time to live',
  pay: async (till, wish, key) => {
    const cached = await till.cached(key);
    if (cached) return cached;
    for (const processor of till.processors) {
      const outcome = await till.charge(processor, wish, `${key}-${till.nextNumber()}`);
      if (!isDefinite(outcome)) continue;
      await till.store(key, outcome);
      return outcome;
    }
    throw new Error('no processor answered');
  },
};

/** One payment for each key at a time, the same key at a processor each time, and the next processor on a time-out. */
const FAILOVER: Control = {
  name: 'fail over on a time-out, with idempotency keys at the processors',
  pay: (till, wish, key) =>
    till.alone(key, async () => {
      const cached = await till.cached(key);
      if (cached) return cached;
      for (const [index, processor] of till.processors.entries()) {
        const outcome = await till.charge(processor, wish, `${key}-${index}`);
        if (!isDefinite(outcome)) continue;
        await till.store(key, outcome);
        return outcome;
      }
      throw new Error('no processor answered');
    }),
};

export const CONTROLS: readonly Control[] = [CACHE, FAILOVER];

const isDefinite = ({ kind }: Outcome) => kind === 'succeeded' || kind === 'declined';

/** One life of a process that pays. The cache is elsewhere and outlives it. */
class Till {
  private readonly inFlight = new Map<string, Promise<Outcome>>();
  private numbers = 0;

  constructor(
    private readonly kernel: Kernel,
    private readonly faults: Faults,
    readonly life: Life,
    readonly processors: readonly Processor[],
    private readonly cache: Map<string, { atMs: number; outcome: Outcome }>,
  ) {}

  /** Differs from one try to the next, and from one life to the next. */
  nextNumber(): number {
    this.numbers += 1;
    return this.kernel.happened * 1_000 + this.numbers;
  }

  async cached(key: string): Promise<Outcome | null> {
    await this.kernel.sleep(this.faults.delayMs('read'), 'read cache', this.life);
    const found = this.cache.get(key);
    return found && this.kernel.nowMs - found.atMs < CACHE_TTL_MS ? found.outcome : null;
  }

  async store(key: string, outcome: Outcome): Promise<void> {
    await this.kernel.sleep(this.faults.delayMs('store'), 'write cache', this.life);
    this.cache.set(key, { atMs: this.kernel.nowMs, outcome });
  }

  /** Whoever comes meanwhile gets the same answer. */
  alone(key: string, pay: () => Promise<Outcome>): Promise<Outcome> {
    const running = this.inFlight.get(key);
    if (running) return running;
    const started = pay().finally(() => this.inFlight.delete(key));
    this.inFlight.set(key, started);
    return started;
  }

  /** Authorizes and captures. */
  async charge(processor: Processor, { amount, token }: Wish, key: string): Promise<Outcome> {
    const order = { key, amountMinor: amount, currency: 'USD', paymentMethod: token };
    const prepared = await this.prepare(processor, order);
    if (typeof prepared !== 'string') return prepared;
    const reference = prepared || undefined;
    const held = await this.inTime((signal) =>
      processor.authorize({ ...order, reference }, signal),
    );
    if (held.kind !== 'succeeded') return held;
    const known = { ...order, reference: held.reference };
    return this.inTime((signal) => processor.capture(known, signal));
  }

  /** The id of the unconfirmed charge; empty where there is none. */
  private async prepare(processor: Processor, order: AttemptOrder): Promise<string | Outcome> {
    if (processor.capabilities.authorization === 'one_step') return '';
    let reference = '';
    const outcome = await this.inTime(async (signal) => {
      const prepared = await processor.prepare(order, signal);
      if (prepared.kind !== 'prepared') return prepared;
      reference = prepared.reference;
      return { kind: 'unknown', evidence: 'prepared' };
    });
    return reference || outcome;
  }

  private inTime(call: (signal: AbortSignal) => Promise<Outcome>): Promise<Outcome> {
    const late: Promise<Outcome> = this.kernel
      .sleep(DEADLINE_MS, 'deadline', this.life)
      .then(() => ({ kind: 'unknown', evidence: 'timeout' }));
    return Promise.race([call(new AbortController().signal), late]);
  }
}

/** One run of a control, from one seed; null when nobody was charged twice, by the books of the processors. */
async function runControl(control: Control, seed: number): Promise<Violation | null> {
  const scenario = scenarioOf(seed);
  const kernel = new Kernel(seed);
  const faults = new Faults(kernel, scenario.faults);
  const network = new Network(kernel, faults);
  const servers = (['two_step', 'one_step'] as const).map((flow, index) => {
    const name = `sandbox_${'ab'.charAt(index)}`;
    return new SimProcessorServer(kernel, name, flow, scenario.keyLifeMs, () => {});
  });
  for (const server of servers) network.servers.set(server.name, server);
  const cache = new Map<string, { atMs: number; outcome: Outcome }>();
  const open = () => {
    const life = new Life('till');
    const processors = servers.map(({ name, flow }) => {
      const authorizationValidForMs = 7 * 86_400_000;
      const account = { name, baseUrl: `http://${name}`, authorization: flow };
      return createSandboxProcessor({ ...account, authorizationValidForMs }, network.client(life));
    });
    return new Till(kernel, faults, life, processors, cache);
  };
  let till = open();
  kernel.onCrash = () =>
    kernel.schedule(kernel.prng.between(1, RESTART_MS), 'restart', null, () => {
      till = open();
    });
  weather(kernel, faults, scenario, servers);
  for (const wish of scenario.wishes)
    for (let caller = 0; caller < wish.callers; caller += 1)
      kernel.schedule(wish.atMs + kernel.prng.below(200), 'somebody begins', null, () => {
        void insist(kernel, () => control.pay(till, wish, wish.name));
      });
  while (await kernel.step(scenario.healAtMs + SETTLING_MS));
  return doubleCharge(servers);
}

/** The seeds, from 1 to `seeds`, at which somebody is charged twice. */
export async function doubleCharges(
  control: Control,
  seeds: number,
): Promise<(Violation & { seed: number })[]> {
  const found: (Violation & { seed: number })[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    const violation = await runControl(control, seed);
    if (violation) found.push({ ...violation, seed });
  }
  return found;
}

/** Asks again under the same key until there is an answer. */
async function insist(kernel: Kernel, pay: () => Promise<Outcome>): Promise<void> {
  for (;;) {
    const gaveUp = kernel.sleep(CALLER_WAITS_MS, 'caller gives up', null).then(() => null);
    const answered = await Promise.race([pay().catch(() => null), gaveUp]);
    if (answered) return;
    await kernel.sleep(kernel.prng.between(50, 1_500), 'caller waits', null);
  }
}

function weather(
  kernel: Kernel,
  faults: Faults,
  { crashes, outages, healAtMs }: Scenario,
  servers: readonly SimProcessorServer[],
): void {
  const left = crashes.map(({ after }) => ({ after }));
  kernel.crashes = () => {
    const due = left.find((crash) => crash.after > 0);
    if (!due) return false;
    due.after -= 1;
    return due.after === 0;
  };
  for (const { server: name, fromMs, untilMs } of outages) {
    const server = servers.find((each) => each.name === name);
    if (!server) continue;
    kernel.schedule(fromMs, `${name} goes down`, null, () => (server.down = true));
    kernel.schedule(untilMs, `${name} comes back`, null, () => (server.down = false));
  }
  kernel.schedule(healAtMs, 'the world heals', null, () => faults.heal());
}

function doubleCharge(servers: readonly SimProcessorServer[]): Violation | null {
  const charges = new Map<string, number>();
  for (const { books } of servers)
    for (const { merchantReference, amountCaptured, status } of books.bookedCharges()) {
      const key = merchantReference.replace(/-\d+$/, '');
      if (amountCaptured > 0 || status === 'authorized')
        charges.set(key, (charges.get(key) ?? 0) + 1);
    }
  const [twice] = [...charges].filter(([, count]) => count > 1);
  return twice
    ? { rule: 'double charge', what: `${twice[0]} has money at ${twice[1]} charges` }
    : null;
}
