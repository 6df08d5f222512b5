import type { IncomingMessage } from 'node:http';
import { Agent, request as send } from 'node:https';
import type { Answer } from '#contracts';
import { type CardCall, CardRoad } from '../../gateway/card-road.port.js';
import { type NoticeReceipt, NoticeRoad, type RawNotice } from '../../gateway/notice-road.port.js';
import { RoadError } from '../../gateway/road.error.js';
import { type CardsTls, tlsMaterial } from './cards.settings.js';
import {
  CALL_HEADER,
  CARDS_PATH,
  NOTICES_PATH,
  answerFrom,
  callToHeader,
  noticeToHeader,
  receiptFrom,
} from './roads.wire.js';

const ANSWER_WITHIN_MS = 15_000;
const CONNECTIONS_MAX = 64;

/** To another process, over TLS in which both ends prove who they are. Never repeats by itself: the same may be sent again. */
export class TlsRoad {
  private readonly agent: Agent;

  /** @throws the system's error when a file cannot be read */
  constructor(private readonly settings: CardsTls & { url: string }) {
    this.agent = new Agent({
      ...tlsMaterial(settings),
      keepAlive: true,
      maxSockets: CONNECTIONS_MAX,
      rejectUnauthorized: true,
    });
  }

  /** What `read` makes of the answer. @throws RoadError */
  async carry<T>(
    path: string,
    header: string,
    body: Buffer,
    read: (text: string) => T | null,
  ): Promise<T> {
    try {
      const response = await this.post(path, header, body);
      const text = await textOf(response);
      const answer = response.statusCode === 200 ? read(text) : null;
      if (answer !== null) return answer;
      throw new Error(`the other end answered ${response.statusCode}`);
    } catch (error) {
      throw new RoadError('away', { cause: error });
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private post(path: string, header: string, body: Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = send(
        `${this.settings.url}${path}`,
        {
          method: 'POST',
          agent: this.agent,
          timeout: ANSWER_WITHIN_MS,
          headers: {
            'content-type': 'application/json',
            'content-length': body.length,
            [CALL_HEADER]: header,
          },
        },
        resolve,
      );
      request.once('timeout', () => request.destroy(new Error('no answer in time')));
      request.once('error', reject);
      request.end(body);
    });
  }
}

export class TlsCardRoad extends CardRoad {
  constructor(private readonly road: TlsRoad) {
    super();
  }

  tokenize(call: CardCall, body: Buffer): Promise<Answer> {
    return this.road.carry(CARDS_PATH, callToHeader(call), body, answerFrom);
  }
}

export class TlsNoticeRoad extends NoticeRoad {
  constructor(private readonly road: TlsRoad) {
    super();
  }

  deliver(notice: RawNotice, body: Buffer): Promise<NoticeReceipt> {
    return this.road.carry(NOTICES_PATH, noticeToHeader(notice), body, receiptFrom);
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
