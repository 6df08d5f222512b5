import { Module } from '@nestjs/common';
import { ConnectorsController } from './connectors.controller.js';
import { ProcessorEffects } from './processor-effects.js';
import { ReservationEffects } from './reservation-effects.js';

/** Performs effects; the only process that holds processors' keys. Whoever composes it provides, globally: Bus, Clock, Trouble, ProcessorRegistry, ReservationDesk and FraudScreen. */
@Module({
  controllers: [ConnectorsController],
  providers: [ProcessorEffects, ReservationEffects],
})
export class ConnectorsModule {}
