import type { IncomingMessage } from 'node:http';
import { Agent, request as send } from 'node:https';
import type { Answer } from '#contracts';
import { type CardCall, CardRoad, CardRoadError } from '../../gateway/card-road.port.js';
import { type CardsTls, tlsMaterial } from './cards.settings.js';
import { CALL_HEADER, CARDS_PATH, answerFrom, callToHeader } from './cards.wire.js';

const ANSWER_WITHIN_MS = 15_000;
const CONNECTIONS_MAX = 64;

/** To the vault of another process, over TLS in which both ends prove who they are. Never repeats by itself: the same key may be sent again. */
export class TlsCardRoad extends CardRoad {
  private readonly agent: Agent;
  private readonly url: string;

  /** @throws the system's error when a file cannot be read */
  constructor({ url, ...tls }: CardsTls & { url: string }) {
    super();
    this.url = `${url}${CARDS_PATH}`;
    this.agent = new Agent({
      ...tlsMaterial(tls),
      keepAlive: true,
      maxSockets: CONNECTIONS_MAX,
      rejectUnauthorized: true,
    });
  }

  async tokenize(call: CardCall, body: Buffer): Promise<Answer> {
    try {
      const response = await this.post(call, body);
      const text = await textOf(response);
      const answer = response.statusCode === 200 ? answerFrom(text) : null;
      if (answer) return answer;
      throw new Error(`the door for cards answered ${response.statusCode}`);
    } catch (error) {
      throw new CardRoadError('away', { cause: error });
    }
  }

  close(): void {
    this.agent.destroy();
  }

  private post(call: CardCall, body: Buffer): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = send(
        this.url,
        {
          method: 'POST',
          agent: this.agent,
          timeout: ANSWER_WITHIN_MS,
          headers: {
            'content-type': 'application/json',
            'content-length': body.length,
            [CALL_HEADER]: callToHeader(call),
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

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
