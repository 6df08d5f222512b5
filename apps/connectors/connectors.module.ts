import { Module } from '@nestjs/common';
import { Timers } from '#platform';
import { CvcMemory } from '#vault';
import { ConnectorsController } from './connectors.controller.js';
import { ProcessorCards } from './processor-cards.js';
import { ProcessorEffects } from './processor-effects.js';
import { ProcessorNotices } from './processor-notices.js';
import { ReconciliationController } from './reconciliation.controller.js';
import { Reconciliation } from './reconciliation.js';
import { Quotation } from './quotation.js';
import { RatesController } from './rates.controller.js';
import { ReservationEffects } from './reservation-effects.js';
import { Tokenization } from './tokenization.js';
import { WebhookEffects } from './webhook-effects.js';
import { WebhooksController } from './webhooks.controller.js';

/** Performs effects; the only process that holds processors' keys, and cards. Whoever composes it provides, globally: Bus, Clock, Timers, Trouble, Vault, ProcessorRegistry, NoticeReaders, ReservationDesk, FraudScreen, RateBoard and WebhookSender. */
@Module({
  controllers: [
    ConnectorsController,
    RatesController,
    ReconciliationController,
    WebhooksController,
  ],
  providers: [
    {
      provide: CvcMemory,
      inject: [Timers],
      useFactory: (timers: Timers) => new CvcMemory(timers),
    },
    ProcessorCards,
    ProcessorEffects,
    ProcessorNotices,
    Reconciliation,
    Quotation,
    ReservationEffects,
    Tokenization,
    WebhookEffects,
  ],
  exports: [ProcessorNotices, Tokenization],
})
export class ConnectorsModule {}
