import type { Answer } from '#contracts';
import type { Tokenization } from '../../connectors/tokenization.js';
import { type CardCall, CardRoad, CardRoadError } from '../../gateway/card-road.port.js';

/** The vault is in this very process. */
export class ShortCardRoad extends CardRoad {
  constructor(private readonly tokenization: Tokenization) {
    super();
  }

  tokenize(call: CardCall, body: Buffer): Promise<Answer> {
    return this.tokenization.tokenize(call, body);
  }
}

/** Leads nowhere, and says so: nothing that came is sent anywhere. */
export class ClosedCardRoad extends CardRoad {
  tokenize(): Promise<Answer> {
    return Promise.reject(new CardRoadError('closed'));
  }
}
