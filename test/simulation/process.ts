import { CommandBus, EventBus } from '@nestjs/cqrs';
import { Subject } from 'rxjs';
import { Bus } from '#bus';
import { EventStore } from '#event-store';
import { FraudScreen } from '#fraud';
import { RulesFraudProvider } from '#fraud/rules';
import { Clock, Timers, Trouble } from '#platform';
import { PolicyEngine } from '#policy';
import { GuardedProcessor, NoticeReaders, type Processor, ProcessorRegistry } from '#processors';
import { createSandboxProcessor } from '#processors/sandbox';
import { createHttpReservationProvider } from '#reservations/http';
import { RateBoard } from '#rates';
import { ReservationDesk } from '#reservations';
import { WebhookSender } from '#webhooks';
import { MemoryVault } from '#vault/memory';
import { Vault } from '#vault';
import { type MemorySagaStore, type SagaRuntime, SagaStore } from '#runtime';
import { CommandsModule } from '../../apps/commands/commands.module.js';
import { InstanceKeys } from '../../apps/commands/instance-keys.js';
import { QuoteTerms } from '../../apps/commands/quote-terms.js';
import { PurchaseWindow } from '../../apps/commands/purchase-window.js';
import { ConnectorsModule } from '../../apps/connectors/connectors.module.js';
import { PaymentIntentsController as PaymentQueries } from '../../apps/queries/payment-intents.controller.js';
import { ApprovalTime } from '../../apps/sagas/approval-time.js';
import { PaymentLifecycleSaga } from '../../apps/sagas/payment-lifecycle.saga.js';
import { FOLLOWED_STREAMS, LogFeeds } from '../../apps/sagas/log-feeds.js';
import { NoticeSaga } from '../../apps/sagas/notice.saga.js';
import { SagasModule } from '../../apps/sagas/sagas.module.js';
import { Sender } from '../../apps/sagas/sender.js';
import { Container, commandBusOver, connectSagas, patternsOf } from './container.js';
import type { Faults } from './faults.js';
import { type Kernel, Life, SimClock, SimRandom, SimTimers } from './kernel.js';
import { SimPolicyEngine } from './sim.policy.js';
import { type Exchange, SimBus } from './sim.bus.js';
import type { Network, SimProcessorServer } from './sim.network.js';
import type { Notices } from './notices.js';
import type { SimStore } from './sim.store.js';
import type { Standings } from './standings.js';

const APPROVAL_MS = 3_600_000;
const DUPLICATE_WINDOW_MS = 86_400_000;
const FRAUD_LIMITS = { timeoutMs: 500, failMode: 'closed' } as const;

/** What outlives a process: its place, its disk, its clock's error. */
export interface Slot {
  readonly name: string;
  readonly sagaStore: MemorySagaStore;
  readonly skewMs: number;
  lives: number;
  process: SimProcess | null;
}

export interface Surroundings {
  readonly kernel: Kernel;
  readonly faults: Faults;
  readonly exchange: Exchange;
  readonly network: Network;
  readonly processors: readonly SimProcessorServer[];
  readonly standings: Standings;
  readonly notices: Notices;
  /** Whether processes answer each other over a bus that loses messages, or each only itself. */
  readonly scattered: boolean;
  readonly storeOf: (life: Life) => SimStore;
  readonly keySafeForMs: number;
  readonly probeAfterMaxMs: number;
  readonly onTrouble: (message: string, error: unknown) => void;
  /** A test of the tester changes parts of a process here. */
  readonly adapt: (ports: Map<unknown, unknown>) => void;
  readonly adaptProcessor: (processor: Processor) => Processor;
}

/** One life of a process that commands, follows the log and calls out: the product's own modules over simulated ports. */
export class SimProcess {
  readonly life: Life;
  private readonly store: SimStore;
  private readonly runtime: SagaRuntime;

  constructor(around: Surroundings, slot: Slot) {
    slot.lives += 1;
    this.life = new Life(`${slot.name}${slot.lives}`);
    const { kernel, exchange, faults, scattered, network, standings, notices } = around;
    const { life } = this;
    const clock = new SimClock(kernel, slot.skewMs);
    const timers = new SimTimers(kernel, life);
    this.store = around.storeOf(life);
    const published = new Subject<unknown>();
    const commandBus = new CommandBus(undefined as never);
    const http = network.client(life);
    const processors = around.processors.map(({ name, flow }) => {
      const account = {
        name,
        baseUrl: `http://${name}`,
        authorization: flow,
        authorizationValidForMs: 7 * 86_400_000,
      };
      const processor = createSandboxProcessor(account, http);
      const { idempotencyKey } = processor.capabilities;
      Object.assign(idempotencyKey, { safeForMs: around.keySafeForMs });
      const { probeAfterMaxMs } = around;
      return new GuardedProcessor(
        around.adaptProcessor(processor),
        { probeAfterMaxMs },
        { clock, timers },
      );
    });
    const merchant = createHttpReservationProvider(
      { participant: 'warehouse', baseUrl: 'http://merchant' },
      http,
    );
    const ports = new Map<unknown, unknown>([
      [Bus, new SimBus(kernel, life, exchange, faults, scattered)],
      [EventStore, this.store],
      [SagaStore, slot.sagaStore],
      [Clock, clock],
      [Timers, timers],
      [Trouble, { report: around.onTrouble }],
      [EventBus, { subject$: published }],
      [CommandBus, commandBus],
      [PolicyEngine, new SimPolicyEngine()],
      [FraudScreen, new FraudScreen(new RulesFraudProvider(), timers, FRAUD_LIMITS)],
      [ProcessorRegistry, new ProcessorRegistry(processors)],
      [NoticeReaders, new NoticeReaders([])],
      [ReservationDesk, new ReservationDesk([merchant], timers)],
      [WebhookSender, new WebhookSender(http, clock, timers, { allowInternal: false })],
      [Vault, new MemoryVault(clock, new SimRandom(kernel.prng))],
      [ApprovalTime, new ApprovalTime(APPROVAL_MS)],
      [QuoteTerms, new QuoteTerms()],
      [RateBoard, new RateBoard([], clock, timers)],
      [PurchaseWindow, new PurchaseWindow(DUPLICATE_WINDOW_MS)],
      [InstanceKeys, new InstanceKeys(Buffer.alloc(32, 7))],
      [Sender, new Sender(life.name)],
    ]);
    around.adapt(ports);
    const container = new Container(ports);
    const loaded = [CommandsModule, SagasModule, ConnectorsModule].map((each) =>
      container.load(each),
    );
    commandBusOver(
      loaded.flatMap(({ handlers }) => handlers),
      commandBus,
    );
    const queries = new PaymentQueries(this.store, undefined as never);
    const controllers = [...loaded.flatMap((each) => each.controllers), queries];
    for (const { subject, handler } of controllers.flatMap(patternsOf))
      exchange.respond(subject, life, handler);
    exchange.respond('queries.agent.standing', life, (asked) => standings.standing(asked as never));
    exchange.respond('queries.charges.payment', life, (asked) => notices.payment(asked as never));
    for (const sagas of [container.get(PaymentLifecycleSaga), container.get(NoticeSaga)])
      connectSagas(sagas, published, commandBus);
    this.runtime = container.get(LogFeeds).over(ports.get(SagaStore) as SagaStore);
  }

  start(): void {
    void this.runtime.start(FOLLOWED_STREAMS);
  }

  /** Deliveries that are not acknowledged. */
  get open(): number {
    return this.runtime.open;
  }

  forget(): void {
    this.store.forget();
  }
}
