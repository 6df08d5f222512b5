import { type DynamicModule, Module } from '@nestjs/common';
import { ConnectorsModule } from '../../connectors/connectors.module.js';
import { ProcessorNotices } from '../../connectors/processor-notices.js';
import { Tokenization } from '../../connectors/tokenization.js';
import { CardRoad } from '../../gateway/card-road.port.js';
import { NoticeRoad } from '../../gateway/notice-road.port.js';
import { ShortCardRoad, ShortNoticeRoad } from './roads.js';

/** From the gateway to the vault and to the keys of the processors, where all are in one process. */
@Module({})
export class ShortRoadsModule {
  static create(): DynamicModule {
    return {
      module: ShortRoadsModule,
      global: true,
      imports: [ConnectorsModule],
      providers: [
        {
          provide: CardRoad,
          inject: [Tokenization],
          useFactory: (tokenization: Tokenization) => new ShortCardRoad(tokenization),
        },
        {
          provide: NoticeRoad,
          inject: [ProcessorNotices],
          useFactory: (notices: ProcessorNotices) => new ShortNoticeRoad(notices),
        },
      ],
      exports: [CardRoad, NoticeRoad],
    };
  }
}
