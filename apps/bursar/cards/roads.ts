import type { Answer } from '#contracts';
import type { ProcessorNotices } from '../../connectors/processor-notices.js';
import type { Tokenization } from '../../connectors/tokenization.js';
import { type CardCall, CardRoad } from '../../gateway/card-road.port.js';
import { type NoticeReceipt, NoticeRoad, type RawNotice } from '../../gateway/notice-road.port.js';
import { RoadError } from '../../gateway/road.error.js';

/** The vault is in this very process. */
export class ShortCardRoad extends CardRoad {
  constructor(private readonly tokenization: Tokenization) {
    super();
  }

  tokenize(call: CardCall, body: Buffer): Promise<Answer> {
    return this.tokenization.tokenize(call, body);
  }
}

/** The keys of the processors are in this very process. */
export class ShortNoticeRoad extends NoticeRoad {
  constructor(private readonly notices: ProcessorNotices) {
    super();
  }

  deliver({ processor, headers }: RawNotice, body: Buffer): Promise<NoticeReceipt> {
    return this.notices.take(processor, headers, body);
  }
}

/** Leads nowhere, and says so: nothing that came is sent anywhere. */
export class ClosedCardRoad extends CardRoad {
  tokenize(): Promise<Answer> {
    return Promise.reject(new RoadError('closed'));
  }
}

export class ClosedNoticeRoad extends NoticeRoad {
  deliver(): Promise<NoticeReceipt> {
    return Promise.reject(new RoadError('closed'));
  }
}
