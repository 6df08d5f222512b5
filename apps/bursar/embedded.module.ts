import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { Bus } from '#bus';
import { EventStore } from '#event-store';
import { FraudScreen } from '#fraud';
import { RulesFraudProvider } from '#fraud/rules';
import { Metrics } from '#metrics';
import { Clock, Random, Timers, Trouble } from '#platform';
import { CedarPolicyEngine, PolicyEngine, defaultBundleSource } from '#policy';
import { NoticeReaders, ProcessorRegistry } from '#processors';
import { MandateSnapshots } from '#read-models';
import { RateBoard } from '#rates';
import { ReservationDesk } from '#reservations';
import { WebhookSender } from '#webhooks';
import { ActorCounts, LogFirstPublisher, SnapshotStore } from '#runtime';
import { Vault } from '#vault';
import { InstanceKeys } from '../commands/instance-keys.js';
import { CommandsModule } from '../commands/commands.module.js';
import { PurchaseWindow } from '../commands/purchase-window.js';
import { QuoteTerms } from '../commands/quote-terms.js';
import { ConnectorsModule } from '../connectors/connectors.module.js';
import { GatewayModule } from '../gateway/gateway.module.js';
import { QueriesModule } from '../queries/queries.module.js';
import { SagasModule } from '../sagas/sagas.module.js';
import { ApprovalTime } from '../sagas/approval-time.js';
import { Sender } from '../sagas/sender.js';
import { ShortRoadsModule } from './cards/short-roads.module.js';
import { FRAUD_LIMITS } from './fraud-limits.js';
import type { EmbeddedResources } from './embedded.resources.js';
import { EmbeddedReadiness } from './embedded.readiness.js';
import { Readiness } from '../gateway/readiness.port.js';

/** The ports of the embedded form: one process, one data folder, the in-process bus. */
@Module({})
class EmbeddedPorts {
  static over(resources: EmbeddedResources, trouble: Trouble): DynamicModule {
    const {
      bus,
      store,
      clock,
      timers,
      random,
      registry,
      reservations,
      keys,
      metrics,
      purchaseWindow,
    } = resources;
    const providers = [
      { provide: Bus, useValue: bus },
      { provide: EventStore, useValue: store },
      { provide: SnapshotStore, useValue: resources.snapshotStore },
      { provide: MandateSnapshots, useValue: resources.snapshotStore },
      { provide: Clock, useValue: clock },
      { provide: Timers, useValue: timers },
      { provide: Random, useValue: random },
      { provide: Trouble, useValue: trouble },
      { provide: ProcessorRegistry, useValue: registry },
      { provide: NoticeReaders, useValue: resources.noticeReaders },
      { provide: ReservationDesk, useValue: reservations },
      { provide: WebhookSender, useValue: resources.webhooks },
      { provide: RateBoard, useValue: resources.rates },
      { provide: QuoteTerms, useValue: resources.quoteTerms },
      { provide: Vault, useValue: resources.vault },
      { provide: InstanceKeys, useValue: keys },
      { provide: PurchaseWindow, useValue: purchaseWindow },
      { provide: ApprovalTime, useValue: resources.approvalTime },
      { provide: Sender, useValue: new Sender(random.uuid()) },
      { provide: Readiness, useClass: EmbeddedReadiness },
      { provide: Metrics, useValue: metrics },
      { provide: ActorCounts, useValue: metrics },
      {
        provide: PolicyEngine,
        useFactory: () => CedarPolicyEngine.load(defaultBundleSource()),
      },
      {
        provide: FraudScreen,
        useFactory: () => new FraudScreen(new RulesFraudProvider(), timers, FRAUD_LIMITS),
      },
    ];
    const exports = providers.map(({ provide }) => provide);
    return { module: EmbeddedPorts, global: true, providers, exports };
  }
}

/** All apps in one process. */
@Module({})
export class EmbeddedModule {
  static over(
    resources: EmbeddedResources,
    readModelsPath: string,
    trouble: Trouble,
  ): DynamicModule {
    const ports = EmbeddedPorts.over(resources, trouble);
    return {
      module: EmbeddedModule,
      imports: [
        // Once and nowhere else: a second CqrsModule would bring a second bus.
        CqrsModule.forRoot({ eventPublisher: new LogFirstPublisher() }),
        ports,
        ShortRoadsModule.create(),
        GatewayModule,
        CommandsModule,
        SagasModule,
        ConnectorsModule,
        QueriesModule.with(ports, readModelsPath),
      ],
    };
  }
}
