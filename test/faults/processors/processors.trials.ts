import { everyPage } from '../../support/agent.client.js';
import { eventually } from '../../support/eventually.js';
import { inParallel, percentile } from '../../support/load.js';
import { seededRandom, type SeededRandom } from '../../support/seeded.random.js';
import { faultsFound, idOf } from '../process/books.verdict.js';
import { buy, drawPurchase, type Purchase } from '../process/buyer.js';
import { openDoublesStage, type DoublesStage } from './doubles.stage.js';
import { failoversIn } from './failovers.js';
import { payWithoutNotices } from './lost-notices.js';
import { drawWeather, FAIR, setWeather } from './weather.js';

/** Purchases under one weather. */
const SPELL = 20;
const BUYERS = 8;
/** One of these waits until calls that hang are given up; the others do not, so that much is open at once. */
const PATIENT_EVERY = 8;
const AGAIN_MAX = 4;
/** A refund that Stripe took on is looked at after as long as it took so far, and five minutes at most. */
const CONCLUDES_WITHIN_MS = 360_000;

export interface ProcessorRun {
  payments: number;
  /** How many more are paid while Adyen's webhooks are lost for good. */
  lost: number;
  seed: number;
  tell: (line: string) => void;
}

export interface ProcessorReport {
  spells: number;
  statuses: Record<string, number>;
  /** How payments ended, and after which attempts: a run that nobody was asked in proves nothing. */
  ends: Record<string, number>;
  charges: Record<string, number>;
  /** Attempts of which nobody knew for a while whether they charged. */
  unknown: number;
  failovers: Record<string, number>;
  /** From knowing that the first processor did not charge to the beginning of the next attempt. */
  failoverP50Ms: number;
  failoverP99Ms: number;
  /** Payments that Adyen took on and whose webhooks were lost for good. */
  waiting: string[];
  faults: string[];
}

/** Pays through Stripe and Adyen in bad weather, and names everything that went wrong once it is fair. */
export async function runProcessorTrials(run: ProcessorRun): Promise<ProcessorReport> {
  const stage = await openDoublesStage();
  try {
    const random = seededRandom(run.seed);
    const purchases = await buyInBadWeather(stage, random, run);
    await setWeather(stage.sandbox, stage.bursar.baseUrl, FAIR);
    run.tell(`${purchases.length} purchases; now everything has to conclude`);
    const faults = await faultsFound(stage, purchases, { withinMs: CONCLUDES_WITHIN_MS });
    const report = await reportOf(stage, purchases);
    const lost = await payWithoutNotices(stage, random, run.lost);
    return {
      ...report,
      waiting: lost.waiting,
      faults: [...faults, ...report.faults, ...lost.faults],
    };
  } finally {
    await stage.dispose();
  }
}

async function buyInBadWeather(
  stage: DoublesStage,
  random: SeededRandom,
  { payments, seed, tell }: ProcessorRun,
): Promise<Purchase[]> {
  const { tokens } = stage;
  const purchases: Purchase[] = [];
  const draw = (): Purchase => {
    const name = `doubles-${seed}-${purchases.length}`;
    const drawn = drawPurchase(random, name, { tokens, reservedShare: 0 });
    purchases.push(drawn);
    return drawn;
  };
  while (purchases.length < payments) {
    const isLast = purchases.length + SPELL >= payments;
    const weather = isLast ? FAIR : drawWeather(random);
    // Among processors that are not trusted, purchases would fail at once and try nothing.
    await setWeather(stage.sandbox, stage.bursar.baseUrl, FAIR);
    await untilTrusted(stage, draw);
    await setWeather(stage.sandbox, stage.bursar.baseUrl, weather);
    const again = purchases.filter(({ done }) => !done).slice(-AGAIN_MAX);
    const fresh = Array.from({ length: SPELL }, draw);
    tell(`${purchases.length}: ${JSON.stringify(weather)}`);
    await inParallel([...again, ...fresh], BUYERS, (bought, index) =>
      buy(stage.buyer, bought, index % PATIENT_EVERY === 0 ? 'wait=10' : 'wait=1'),
    );
  }
  return purchases;
}

/** A breaker needs traffic to learn that its processor is back. */
async function untilTrusted(
  { operator, buyer }: DoublesStage,
  draw: () => Purchase,
): Promise<void> {
  const look = async () => {
    const { data } = (await operator.processors()).body;
    const isTrusted = data.every(({ breaker }) => breaker === 'closed');
    if (!isTrusted) await buy(buyer, draw());
    return isTrusted;
  };
  await eventually(look, Boolean, { withinMs: 60_000, everyMs: 200, what: 'closed breakers' });
}

async function reportOf(
  stage: DoublesStage,
  purchases: readonly Purchase[],
): Promise<Omit<ProcessorReport, 'waiting'>> {
  const { operator, sandbox } = stage;
  const read = await inParallel(purchases, BUYERS, async (bought) => {
    const id = idOf(stage, bought);
    const events = await everyPage((query) => operator.events(id, query), { limit: 100 });
    const { status, failure, attempts } = (await operator.payment(id)).body;
    const { code, decline } = failure ?? {};
    const asked = attempts.map(({ processor, outcome }) => `${processor} ${outcome}`).join(', ');
    const end = `${decline?.code ?? code ?? status} after: ${asked || 'nobody was asked'}`;
    return { ...failoversIn(id, events), status, end };
  });
  const failovers = read.flatMap((each) => each.failovers);
  const definite = failovers.filter(({ wasUnknown }) => !wasUnknown).map(({ ms }) => ms);
  return {
    spells: Math.ceil(purchases.length / SPELL),
    statuses: counted(read.map(({ status }) => status)),
    ends: counted(read.map(({ end }) => end)),
    charges: counted((await sandbox.charges()).map((each) => `${each.processor} ${each.state}`)),
    unknown: read.reduce((sum, { unknown }) => sum + unknown, 0),
    failovers: counted(
      failovers.map(({ proof, wasUnknown }) => (wasUnknown ? `${proof}, once unknown` : proof)),
    ),
    failoverP50Ms: percentile(definite, 0.5),
    failoverP99Ms: percentile(definite, 0.99),
    faults: read.flatMap((each) => each.faults),
  };
}

function counted(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
