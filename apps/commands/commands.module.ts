import { Module } from '@nestjs/common';
import { EventStore } from '#event-store';
import { Timers } from '#platform';
import { ActorRuntime } from '#runtime';
import {
  AgentActor,
  MandateActor,
  ParkedDeliveryActor,
  PaymentIntentActor,
  TenantActor,
} from './actors.js';
import { AgentsController } from './agents.controller.js';
import { Conclusions } from './conclusions.js';
import { MandatesController } from './mandates.controller.js';
import { ParkedController } from './parked.controller.js';
import { PaymentIntentsController } from './payment-intents.controller.js';
import { TenantsController } from './tenants.controller.js';

/** The write side: the only process that appends to the event store. Whoever composes it provides, globally: EventStore, Clock, Timers and InstanceKeys. */
@Module({
  controllers: [
    PaymentIntentsController,
    MandatesController,
    AgentsController,
    TenantsController,
    ParkedController,
  ],
  providers: [
    {
      provide: ActorRuntime,
      inject: [EventStore, Timers],
      useFactory: (store: EventStore, timers: Timers) => new ActorRuntime(store, timers),
    },
    Conclusions,
    PaymentIntentActor,
    MandateActor,
    AgentActor,
    TenantActor,
    ParkedDeliveryActor,
  ],
})
export class CommandsModule {}
