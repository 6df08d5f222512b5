import { type DynamicModule, Module } from '@nestjs/common';
import { ConnectorsModule } from '../../connectors/connectors.module.js';
import { Tokenization } from '../../connectors/tokenization.js';
import { CardRoad } from '../../gateway/card-road.port.js';
import { ShortCardRoad } from './card.roads.js';

/** From the gateway to the vault where both are in one process. */
@Module({})
export class ShortCardRoadModule {
  static create(): DynamicModule {
    return {
      module: ShortCardRoadModule,
      global: true,
      imports: [ConnectorsModule],
      providers: [
        {
          provide: CardRoad,
          inject: [Tokenization],
          useFactory: (tokenization: Tokenization) => new ShortCardRoad(tokenization),
        },
      ],
      exports: [CardRoad],
    };
  }
}
