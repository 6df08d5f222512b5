import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../support/eventually.js';
import type { Answer } from '../../support/http.client.js';
import { seededRandom } from '../../support/seeded.random.js';
import type { Scene } from '../process/fault.stage.js';
import { idOf } from '../process/books.verdict.js';
import { buy, drawPurchase, type Purchase } from '../process/buyer.js';

/** Generous: a slow machine is no failure, and what hangs is. */
const ANSWERED_WITHIN_MS = 60_000;
const CONCLUDES_WITHIN_MS = 180_000;
/** Before the same key is sent again: twice as long each time. */
const AGAIN_FIRST_MS = 100;
const AGAIN_MAX_MS = 1_000;

/** A purchase from the moment that its agent wants it. */
export interface Journey {
  readonly bought: Purchase;
  readonly begunMs: number;
  /** When the agent was told how it ended. */
  concludedMs: number | null;
  tries: number;
  last: Answer | null;
}

/** Agents that buy one thing after the other, each again with the same key until it is concluded. */
export interface Buyers {
  readonly journeys: readonly Journey[];
  readonly faults: string[];
  /** Resolves when everything is concluded that was begun by now, or counts as a fault. */
  settled(): Promise<void>;
  /** Nobody begins anything more. */
  stop(): Promise<void>;
}

export interface BuyersPlan {
  buyers: number;
  /** How long each thinks before the next purchase, at most. */
  restMs: number;
  seed: number;
}

export function startBuyers(scene: Scene, { buyers, restMs, seed }: BuyersPlan): Buyers {
  const random = seededRandom(seed);
  const journeys: Journey[] = [];
  const faults: string[] = [];
  const over = new AbortController();
  const shop = async () => {
    while (!over.signal.aborted) {
      const bought = drawPurchase(random, `cluster-${seed}-${journeys.length}`);
      const journey = beginJourney(bought);
      journeys.push(journey);
      faults.push(...(await travel(scene, journey)));
      await pause(random.next() * restMs);
    }
  };
  const shops = Promise.all(Array.from({ length: buyers }, shop));
  return {
    journeys,
    faults,
    settled: async () => {
      const open = journeys.filter(isOpen);
      await eventually(
        () => open.filter(isOpen).length,
        (length) => length === 0,
        { withinMs: CONCLUDES_WITHIN_MS + ANSWERED_WITHIN_MS, what: 'the end of all purchases' },
      );
    },
    stop: async () => {
      over.abort();
      await shops;
    },
  };
}

export function beginJourney(bought: Purchase): Journey {
  return { bought, begunMs: performance.now(), concludedMs: null, tries: 0, last: null };
}

export interface Patience {
  /** How long one request waits for a conclusion, as `Prefer` says it. */
  prefer: string;
  /** After that it counts as stuck. */
  concludesWithinMs: number;
}

const BRISK: Patience = { prefer: 'wait=1', concludesWithinMs: CONCLUDES_WITHIN_MS };

/** Sends it again and again, over new connections, until it is concluded. Gives what was wrong on the way, but for what it tells itself. */
export async function travel(
  scene: Scene,
  journey: Journey,
  { prefer, concludesWithinMs }: Patience = BRISK,
): Promise<string[]> {
  const { bought, begunMs } = journey;
  const name = `${idOf(scene, bought)} (${bought.key})`;
  const faults: string[] = [];
  let trouble = '';
  while (performance.now() - begunMs < concludesWithinMs) {
    const client = scene.agentClient(1);
    journey.tries += 1;
    try {
      const answer = await Promise.race([buy(client, bought, prefer), tooLate()]);
      if (answer === null) faults.push(`${name} got no answer for ${ANSWERED_WITHIN_MS} ms`);
      else {
        journey.last = answer;
        trouble = `${answer.status} ${answer.bytes}`;
      }
    } catch (error) {
      // The connection broke: the same key finds out.
      trouble = String(error);
    } finally {
      client.close();
    }
    if (bought.done) {
      journey.concludedMs = performance.now();
      const refused = refusal(journey);
      return [...faults, ...(refused ? [`${name}: ${refused}`] : [])];
    }
    await pause(Math.min(AGAIN_FIRST_MS * 2 ** (journey.tries - 1), AGAIN_MAX_MS));
  }
  journey.concludedMs = performance.now();
  return [...faults, `${name} has no conclusion after ${journey.tries} tries; last: ${trouble}`];
}

/** What an agent that does everything right is never to hear, whatever dies: that it is nobody, or asks for something wrong. */
function refusal({ last }: Journey): string | null {
  const wrong = [400, 401, 404, 405, 413, 422, 429];
  return last && wrong.includes(last.status) ? `${last.status} ${last.bytes}` : null;
}

function isOpen({ concludedMs }: Journey): boolean {
  return concludedMs === null;
}

function tooLate(): Promise<null> {
  return pause(ANSWERED_WITHIN_MS, null, { ref: false });
}
