import { Module } from '@nestjs/common';
import { Admission } from './admission.js';
import { AgentsController } from './agents.controller.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { EventFeed } from './event-feed.js';
import { EventFeedController } from './event-feed.controller.js';
import { MandatesController } from './mandates.controller.js';
import { AgentsDoor } from './nats/agents.door.js';
import { OperationsRoomController } from './operations-room.controller.js';
import { PaymentIntents } from './payment-intents.js';
import { PaymentIntentsController } from './payment-intents.controller.js';
import { PaymentMethods } from './payment-methods.js';
import { PaymentMethodsController } from './payment-methods.controller.js';
import { ProblemFilter } from './problem.filter.js';
import { ProcessController } from './process.controller.js';
import { ProcessorNoticesController } from './processor-notices.controller.js';
import { ReconciliationController } from './reconciliation.controller.js';
import { Quotes } from './quotes.js';
import { QuotesController } from './quotes.controller.js';
import { Refusals } from './refusals.js';
import { Standing } from './standing.js';
import { StandingController } from './standing.controller.js';
import { WebhookEndpoints } from './webhook-endpoints.js';
import { WebhookEndpointsController } from './webhook-endpoints.controller.js';

/**
 * The edge for agents and people. Holds no key of any provider and no store: everything is asked on the bus. Whoever composes
 * it provides, globally: `Bus`, `Clock`, `Timers`, `Random`, `Trouble`, `Metrics`, `CardRoad`, `NoticeRoad` and `Readiness`; and opens the agents' door on
 * NATS, if there is to be one, with a connection.
 */
@Module({
  controllers: [
    PaymentIntentsController,
    PaymentMethodsController,
    QuotesController,
    StandingController,
    AgentsController,
    MandatesController,
    OperationsRoomController,
    ReconciliationController,
    EventFeedController,
    WebhookEndpointsController,
    ProcessController,
    ProcessorNoticesController,
  ],
  providers: [
    Admission,
    AgentsDoor,
    AuthenticationGuard,
    EventFeed,
    PaymentIntents,
    PaymentMethods,
    ProblemFilter,
    Quotes,
    Refusals,
    Standing,
    WebhookEndpoints,
  ],
})
export class GatewayModule {}
