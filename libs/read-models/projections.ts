import type { Projection } from '#runtime/projection';
import { accessProjection } from './access/access.projection.js';
import { agentActivityProjection } from './agent-activity/agent-activity.projection.js';
import { ledgerProjection } from './ledger/ledger.projection.js';
import { operationsProjection } from './operations/operations.projection.js';
import { parkedProjection } from './parked/parked.projection.js';
import { paymentMethodsProjection } from './payment-methods/payment-methods.projection.js';
import { paymentStatusProjection } from './payment-status/payment-status.projection.js';
import { processorBooksProjection } from './processor-books/processor-books.projection.js';
import { webhookEndpointsProjection } from './webhook-endpoints/webhook-endpoints.projection.js';
import { worldEventsProjection } from './world-events/world-events.projection.js';

/** Every projection there is. */
export const PROJECTIONS: readonly Projection[] = [
  accessProjection,
  agentActivityProjection,
  ledgerProjection,
  operationsProjection,
  parkedProjection,
  paymentMethodsProjection,
  paymentStatusProjection,
  processorBooksProjection,
  webhookEndpointsProjection,
  worldEventsProjection,
];
