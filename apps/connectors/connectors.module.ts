import { Module } from '@nestjs/common';
import { ConnectorsController } from './connectors.controller.js';
import { ProcessorEffects } from './processor-effects.js';
import { ReservationEffects } from './reservation-effects.js';
import { WebhookEffects } from './webhook-effects.js';
import { WebhooksController } from './webhooks.controller.js';

/** Performs effects; the only process that holds processors' keys. Whoever composes it provides, globally: Bus, Clock, Trouble, ProcessorRegistry, ReservationDesk, FraudScreen and WebhookSender. */
@Module({
  controllers: [ConnectorsController, WebhooksController],
  providers: [ProcessorEffects, ReservationEffects, WebhookEffects],
})
export class ConnectorsModule {}
