import type { Answer, Call, Messages, Principal } from '#contracts';
import type { MandateTerms } from '#domain';
import type { RecordedEvent } from '#event-store';
import { MemoryEventStore } from '#event-store/memory';
import type { Processor } from '#processors';
import { MemorySagaStore } from '#runtime';
import { Faults } from './faults.js';
import { Kernel, Life, SimClock, SimTimers } from './kernel.js';
import { SimProcess, type Slot, type Surroundings } from './process.js';
import type { Scenario } from './scenario.js';
import { Exchange, SimBus } from './sim.bus.js';
import { type MoneyCall, Network, SimMerchantServer, SimProcessorServer } from './sim.network.js';
import { SimStore } from './sim.store.js';
import { Notices } from './notices.js';
import { Standings } from './standings.js';

const TENANT = 'tnt_simulated';
const RESTART_MS = 400;
/** The longest that a caller waits before it asks again. */
const PAUSE_MAX_MS = 120_000;
const BEGINS = new Set([
  'PaymentIntentRequested',
  'ApprovalGranted',
  'ApprovalDenied',
  'ApprovalExpired',
  'CaptureRequested',
  'CancelRequested',
  'AuthorizationExpired',
]);
const ENDS = new Set([
  'PaymentSucceeded',
  'PaymentFailed',
  'PaymentCanceled',
  'PaymentParked',
  'ApprovalRequested',
  'CaptureAwaited',
]);
const RESERVATION_STEPS = new Set(['ReservationConfirmStarted', 'ReservationReleaseStarted']);

/** What a test of the tester does to the product, by replacing parts of it. Nothing of it is in the product. */
export interface Sabotage {
  readonly store?: (...given: ConstructorParameters<typeof SimStore>) => SimStore;
  readonly ports?: (ports: Map<unknown, unknown>, world: World) => void;
  readonly processor?: (processor: Processor) => Processor;
}

export interface Observer {
  recorded(event: RecordedEvent): void;
  moneyCalled(call: MoneyCall): void;
  /** A process did. */
  crashed?(): void;
}

export interface Buyer {
  readonly principal: Principal;
  readonly mandate: string;
}

const isCreated = ({ status }: Answer) => status === 201;
const idOf = ({ body }: Answer) => (JSON.parse(body) as { id: string }).id;

/** Processes, processors, the merchant and the people of one simulation. */
export class World {
  readonly kernel: Kernel;
  readonly faults: Faults;
  readonly processors: readonly SimProcessorServer[];
  readonly merchant: SimMerchantServer;
  readonly shared: MemoryEventStore;
  readonly slots: Slot[];
  readonly troubles: string[] = [];
  readonly observers: Observer[] = [];
  readonly people: Life = new Life('people');
  crashed = 0;
  private readonly exchange = new Exchange();
  private readonly around: Surroundings;
  private readonly bus: SimBus;
  private readonly open = new Set<string>();
  private seen = 0;

  constructor(
    readonly scenario: Scenario,
    sabotage: Sabotage = {},
  ) {
    this.kernel = new Kernel(scenario.seed);
    const { kernel } = this;
    this.faults = new Faults(kernel, scenario.faults);
    const network = new Network(kernel, this.faults);
    const onMoneyCall = (call: MoneyCall) =>
      this.observers.forEach((observer) => observer.moneyCalled(call));
    const notices = new Notices(kernel, this.faults, this.people, (notice) =>
      this.ask('commands.processor_notice.receive', notice),
    );
    const onBooksTouched = (server: SimProcessorServer) => {
      if (scenario.notices) notices.look(server);
    };
    this.processors = (
      [
        ['sandbox_a', 'two_step'],
        ['sandbox_b', 'one_step'],
      ] as const
    ).map(
      ([name, flow]) =>
        new SimProcessorServer(kernel, name, flow, scenario.keyLifeMs, onMoneyCall, onBooksTouched),
    );
    this.observers.push({ recorded: (event) => notices.saw(event), moneyCalled: () => {} });
    this.merchant = new SimMerchantServer(kernel);
    for (const processor of this.processors) network.servers.set(processor.name, processor);
    network.servers.set('merchant', this.merchant);
    this.shared = new MemoryEventStore({
      clock: new SimClock(kernel, 0),
      timers: new SimTimers(kernel, null),
    });
    const standings = new Standings(kernel);
    this.observers.push({ recorded: (event) => standings.saw(event), moneyCalled: () => {} });
    this.around = {
      kernel,
      faults: this.faults,
      exchange: this.exchange,
      network,
      processors: this.processors,
      standings,
      notices,
      scattered: scenario.scattered,
      storeOf: (life) => {
        const given = [kernel, life, this.shared, this.faults] as const;
        return sabotage.store?.(...given) ?? new SimStore(...given);
      },
      keySafeForMs: scenario.keySafeForMs,
      probeAfterMaxMs: scenario.probeAfterMaxMs,
      onTrouble: (message, error) => this.troubles.push(`${message}: ${String(error)}`),
      adapt: (ports) => sabotage.ports?.(ports, this),
      adaptProcessor: (processor) => sabotage.processor?.(processor) ?? processor,
    };
    const count = scenario.scattered ? 2 : 1;
    this.slots = Array.from({ length: count }, (_, index) => ({
      name: 'PQ'.charAt(index),
      sagaStore: new MemorySagaStore(),
      skewMs: scenario.skewsMs[index] ?? 0,
      lives: 0,
      process: null,
    }));
    this.bus = new SimBus(kernel, this.people, this.exchange, this.faults, true);
    kernel.onCrash = (life) => this.afterCrash(life);
    for (const slot of this.slots) this.start(slot);
    for (const { server, fromMs, untilMs } of scenario.outages) this.plan(server, fromMs, untilMs);
    kernel.schedule(scenario.healAtMs, 'the world heals', null, () => this.faults.heal());
  }

  /** One thing happens; whoever observes is told what it wrote. */
  async step(untilMs?: number): Promise<boolean> {
    const happened = await this.kernel.step(untilMs);
    const { events } = this.shared.log;
    for (; this.seen < events.length; this.seen += 1) {
      const event = events[this.seen] as RecordedEvent;
      this.kernel.note(`+ ${event.type} ${event.stream}#${event.revision}`);
      this.follow(event);
      for (const observer of this.observers) observer.recorded(event);
    }
    return happened;
  }

  ask<Subject extends keyof Messages & string>(
    subject: Subject,
    payload: Messages[Subject]['request'],
    timeoutMs = 15_000,
  ): Promise<Messages[Subject]['reply']> {
    return this.bus.request(subject, payload, { timeoutMs });
  }

  /** Asks again until somebody answers, as a caller does who has nothing but its key. */
  async insist(ask: () => Promise<Answer>, isEnough: (answer: Answer) => boolean): Promise<Answer> {
    for (let pauseMs = 1_500; ; pauseMs = Math.min(pauseMs * 1.2, PAUSE_MAX_MS)) {
      try {
        const answer = await ask();
        if (isEnough(answer)) return answer;
      } catch {
        // Nobody knows what became of it.
      }
      const restMs = this.kernel.prng.between(50, Math.floor(pauseMs));
      await this.kernel.sleep(restMs, 'caller waits', this.people);
    }
  }

  call(principal: Principal, path: string, key: string, request: object): Call {
    const traceId = '0'.repeat(32);
    return { principal, path, idempotencyKey: key, request: request as Call['request'], traceId };
  }

  person(role: Principal['role'], id: string): Principal {
    return { tenant: TENANT, role, id, key: id };
  }

  /** A new agent's id. */
  async agent(name: string): Promise<string> {
    const call = this.call(this.person('operator', 'op'), '/v1/agents', name, { name });
    const ask = () => this.ask('commands.agent.register', { ...call, name });
    return idOf(await this.insist(ask, isCreated));
  }

  /** A new mandate's id. */
  async mandate(name: string, terms: MandateTerms): Promise<string> {
    const call = this.call(this.person('operator', 'op'), '/v1/mandates', name, { ...terms });
    const ask = () => this.ask('commands.mandate.grant', { ...call, terms });
    return idOf(await this.insist(ask, isCreated));
  }

  /** Payments, refunds and reservations that the product has to bring to an end. */
  get unconcluded(): number {
    return this.open.size;
  }

  /** Payments that wait for an operator, as they were parked. */
  readonly parked: string[] = [];
  private readonly parkedOpen = new Set<string>();

  /** Whether no process has anything left to do about what is recorded. */
  get quiet(): boolean {
    return this.slots.every(({ process }) => process !== null && process.open === 0);
  }

  /** What the product still has to do; what waits for a person is not it. */
  private follow({ type, stream, data }: RecordedEvent): void {
    const refund = `${stream} ${String(data['refund'])}`;
    if (type === 'PaymentParked') {
      this.parked.push(stream.replace('payment_intent-', 'pi_'));
      // One that is over may have a refund parked, which is not the payment.
      if (this.open.has(stream)) this.parkedOpen.add(stream);
    }
    if (type === 'PaymentUnparked' && this.parkedOpen.delete(stream)) this.open.add(stream);
    if (BEGINS.has(type)) this.open.add(stream);
    if (ENDS.has(type)) this.open.delete(stream);
    if (type === 'RefundStarted') this.open.add(refund);
    if (type === 'RefundSucceeded' || type === 'RefundFailed') this.open.delete(refund);
    if (RESERVATION_STEPS.has(type)) this.open.add(`${stream} reservation`);
    if (type === 'ReservationConfirmed' || type === 'ReservationReleased')
      this.open.delete(`${stream} reservation`);
  }

  private start(slot: Slot): void {
    slot.process = new SimProcess(this.around, slot);
    slot.process.start();
  }

  private afterCrash(life: Life): void {
    const slot = this.slots.find((each) => each.process?.life === life);
    if (!slot) return;
    this.crashed += 1;
    for (const observer of this.observers) observer.crashed?.();
    slot.process?.forget();
    slot.process = null;
    this.kernel.schedule(this.kernel.prng.between(1, RESTART_MS), 'restart', null, () =>
      this.start(slot),
    );
  }

  private plan(name: string, fromMs: number, untilMs: number): void {
    const server =
      name === 'merchant' ? this.merchant : this.processors.find((p) => p.name === name);
    if (!server) throw new Error(`there is no server ${name}`);
    const turn = (down: boolean) => () => {
      server.down = down;
    };
    this.kernel.schedule(fromMs, `${name} goes down`, null, turn(true));
    this.kernel.schedule(untilMs, `${name} comes back`, null, turn(false));
  }
}
