import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { EventStore } from '#event-store';
import { Timers, Trouble } from '#platform';
import { MandateFigures, MandateSnapshots, PROJECTIONS } from '#read-models';
import { ProjectionRuntime } from '#runtime/projection';
import { AccessController } from './access.controller.js';
import { AuthorityController } from './authority.controller.js';
import { ChargesController } from './charges.controller.js';
import { PaymentIntentsController } from './payment-intents.controller.js';
import { PaymentMethodsController } from './payment-methods.controller.js';
import { QuotesController } from './quotes.controller.js';
import { ReadModels } from './read-models.js';
import { RecordsController } from './records.controller.js';
import { ReconciliationController } from './reconciliation.controller.js';
import { WebhookEndpointsController } from './webhook-endpoints.controller.js';

/** The read side: reads the log and what was made ready from it, appends nothing. */
@Module({})
export class QueriesModule {
  /**
   * `ports` must export EventStore, Clock, Timers and Trouble. `databasePath`: the file of all read models. The
   * ProjectionRuntime that is exported is not started; whoever composes starts and closes it.
   */
  static with(ports: Type | DynamicModule, databasePath: string): DynamicModule {
    return {
      module: QueriesModule,
      imports: [ports],
      controllers: [
        AccessController,
        ChargesController,
        PaymentIntentsController,
        PaymentMethodsController,
        QuotesController,
        AuthorityController,
        RecordsController,
        ReconciliationController,
        WebhookEndpointsController,
      ],
      exports: [ProjectionRuntime],
      providers: [
        {
          provide: ProjectionRuntime,
          inject: [EventStore, Timers, Trouble],
          useFactory: (store: EventStore, timers: Timers, trouble: Trouble) =>
            new ProjectionRuntime({
              store,
              databasePath,
              projections: PROJECTIONS,
              timers,
              onFailure: ({ projection, event, error }) =>
                trouble.report(`projection ${projection} left out event ${event}`, error),
              onStorageTrouble: (error) =>
                trouble.report('the read models could not be written', error),
            }),
        },
        {
          provide: ReadModels,
          inject: [EventStore, ProjectionRuntime],
          useFactory: (store: EventStore, runtime: ProjectionRuntime) =>
            new ReadModels(store, runtime),
        },
        {
          provide: MandateFigures,
          inject: [EventStore, { token: MandateSnapshots, optional: true }],
          useFactory: (store: EventStore, snapshots?: MandateSnapshots) =>
            new MandateFigures(store, snapshots),
        },
      ],
    };
  }
}
