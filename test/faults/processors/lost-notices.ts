import { eventually } from '../../support/eventually.js';
import { inParallel } from '../../support/load.js';
import { idOf } from '../process/books.verdict.js';
import { buy, drawPurchase, type Purchase } from '../process/buyer.js';
import type { SeededRandom } from '../../support/seeded.random.js';
import type { DoublesStage } from './doubles.stage.js';
import { FAIR, setWeather, type Weather } from './weather.js';

const LOST: Weather = {
  ...FAIR,
  faults: { ...FAIR.faults, stripe: { mode: 'refuse' } },
  adyenSwitches: { webhooks_lost: true },
};
const WIDTH = 4;

/**
 * Pays at Adyen while its webhooks are lost for good, which nothing but Adyen's word can make up for. Gives the payments that wait for
 * it, and names those that do not wait, or were not charged once what was meant.
 */
export async function payWithoutNotices(
  stage: DoublesStage,
  random: SeededRandom,
  count: number,
): Promise<{ waiting: string[]; faults: string[] }> {
  const { sandbox, operator, bursar, buyer } = stage;
  await setWeather(sandbox, bursar.baseUrl, LOST);
  const drawn = Array.from({ length: count }, (_, index): Purchase => {
    const tokens = stage.tokens.slice(0, 1);
    const name = `lost-${random.seed}-${index}`;
    const { request, ...rest } = drawPurchase(random, name, { tokens, reservedShare: 0 });
    return { ...rest, kind: 'paid', request: { ...request, capture_method: 'automatic' } };
  });
  const judged = await inParallel(drawn, WIDTH, async (bought) => {
    await buy(buyer, bought);
    const id = idOf(stage, bought);
    const charges = await eventually(
      () => sandbox.chargesOf(id),
      (found) => found.some(({ state }) => state === 'captured'),
      { what: `a capture of ${id}` },
    );
    const { status, money_state } = (await operator.payment(id)).body;
    const isRight =
      status === 'processing' &&
      charges.length === 1 &&
      charges[0]?.processor === 'adyen' &&
      charges[0].amount_captured === bought.request.amount;
    const seen = JSON.stringify({ status, money_state, charges });
    return { id, faults: isRight ? [] : [`${id} does not wait for Adyen's word: ${seen}`] };
  });
  await setWeather(sandbox, bursar.baseUrl, FAIR);
  return { waiting: judged.map(({ id }) => id), faults: judged.flatMap(({ faults }) => faults) };
}
