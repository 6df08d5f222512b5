import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStore } from '#event-store';
import { Clock, Timers } from '#platform';
import { ActorRuntime, LogFirstPublisher } from '#runtime';
import { AgentActor, MandateActor, TenantActor } from '../../commands/actors.js';
import { AgentsController } from '../../commands/agents.controller.js';
import { InstanceKeys } from '../../commands/instance-keys.js';
import { MandatesController } from '../../commands/mandates.controller.js';
import { TenantsController } from '../../commands/tenants.controller.js';
import type { DataFolder } from '../data-folder.js';

/** The part of the write side that makes tenants. Nothing follows the log here, and nothing calls out. */
@Module({})
export class OfflineModule {
  static over({ clock, timers, store, keys }: DataFolder): DynamicModule {
    return {
      module: OfflineModule,
      imports: [CqrsModule.forRoot({ eventPublisher: new LogFirstPublisher() })],
      controllers: [TenantsController, AgentsController, MandatesController],
      providers: [
        { provide: EventStore, useValue: store },
        { provide: Clock, useValue: clock },
        { provide: Timers, useValue: timers },
        { provide: InstanceKeys, useValue: keys },
        { provide: ActorRuntime, useValue: new ActorRuntime(store, timers) },
        TenantActor,
        AgentActor,
        MandateActor,
      ],
    };
  }
}
