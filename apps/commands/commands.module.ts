import { Module } from '@nestjs/common';
import { EventStore } from '#event-store';
import { Timers } from '#platform';
import { ActorCounts, ActorRuntime, SnapshotStore } from '#runtime';
import {
  AgentActor,
  MandateActor,
  ParkedDeliveryActor,
  PaymentIntentActor,
  PaymentMethodActor,
  ProcessorAccountActor,
  ProcessorNoticeActor,
  PurchaseActor,
  QuoteActor,
  TenantActor,
  WebhookEndpointActor,
} from './actors.js';
import { AgentsController } from './agents.controller.js';
import { Authority } from './authority.js';
import { Conclusions } from './conclusions.js';
import { ConclusionsFeed } from './conclusions.feed.js';
import { MandatesController } from './mandates.controller.js';
import { ParkedController } from './parked.controller.js';
import { PaymentIntentsController } from './payment-intents.controller.js';
import { PaymentMethods } from './payment-methods.js';
import { PaymentMethodsController } from './payment-methods.controller.js';
import { ProcessorNoticesController } from './processor-notices.controller.js';
import { ProcessorAccountsController } from './processor-accounts.controller.js';
import { PurchasesController } from './purchases.controller.js';
import { QuotesController } from './quotes.controller.js';
import { TenantsController } from './tenants.controller.js';
import { WebhookEndpointsController } from './webhook-endpoints.controller.js';
import { WebhookSecrets } from './webhook-secrets.js';

/** The write side: the only process that appends to the event store. Whoever composes it provides, globally: EventStore, Clock, Timers, InstanceKeys, PurchaseWindow and QuoteTerms. */
@Module({
  controllers: [
    PaymentIntentsController,
    PaymentMethodsController,
    ProcessorNoticesController,
    PurchasesController,
    MandatesController,
    AgentsController,
    QuotesController,
    TenantsController,
    ParkedController,
    WebhookEndpointsController,
    ProcessorAccountsController,
  ],
  providers: [
    {
      provide: ActorRuntime,
      inject: [
        EventStore,
        Timers,
        { token: SnapshotStore, optional: true },
        { token: ActorCounts, optional: true },
      ],
      useFactory: (
        store: EventStore,
        timers: Timers,
        snapshots?: SnapshotStore,
        counts?: ActorCounts,
      ) => new ActorRuntime(store, timers, {}, snapshots, counts),
    },
    Authority,
    Conclusions,
    ConclusionsFeed,
    PaymentIntentActor,
    PaymentMethods,
    PaymentMethodActor,
    ProcessorNoticeActor,
    PurchaseActor,
    QuoteActor,
    MandateActor,
    AgentActor,
    TenantActor,
    ParkedDeliveryActor,
    ProcessorAccountActor,
    WebhookEndpointActor,
    WebhookSecrets,
  ],
})
export class CommandsModule {}
