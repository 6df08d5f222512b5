import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startBuyers, type Buyers } from '../faults/cluster/buyers.js';
import { openClusterStage, type ClusterStage } from '../faults/cluster/cluster.stage.js';
import { keepEvidence } from '../faults/cluster/evidence.js';
import { killTrials } from '../faults/cluster/kill.trials.js';
import type { Trial } from '../faults/cluster/outages.run.js';
import { partitionTrials } from '../faults/cluster/partition.trials.js';
import { figuresOf } from '../faults/cluster/takeover.js';
import { idOf } from '../faults/process/books.verdict.js';
import { buy, plainPurchase, type Purchase } from '../faults/process/buyer.js';
import { verdictOn } from '../faults/cluster/verdict.js';
import { wipeTrials } from '../faults/cluster/wipe.trials.js';
import { eventually } from '../support/eventually.js';
import { PROCESSORS } from '../support/sandbox.control.js';
import { seededRandom, seedFrom } from '../support/seeded.random.js';

const SEED = seedFrom('FAULT_SEED');
/** A slow machine is no failure; what hangs is. */
const WITHIN_MS = 600_000;

/** `npm run cluster:faults` in short. What each process needs to start is most of the time. */
describe(`two of each process under load (FAULT_SEED=${SEED})`, () => {
  let stage: ClusterStage;
  let buyers: Buyers;
  let trial: Trial;
  /** What was bought besides. */
  const others: Purchase[] = [];

  beforeAll(async () => {
    stage = await openClusterStage();
    buyers = startBuyers(stage, { buyers: 4, restMs: 1_000, seed: SEED });
    const tell = (line: string) => console.log(line);
    trial = { stage, buyers, random: seededRandom(SEED), settlesEach: false, tell, outages: [] };
  }, WITHIN_MS);
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail')
      console.error(`look at ${await keepEvidence(stage, buyers.faults)}`);
  });
  afterAll(async () => {
    await buyers?.stop();
    await stage?.dispose();
  }, WITHIN_MS);

  it(
    'go on when one that writes is killed, and one that follows',
    { timeout: WITHIN_MS },
    async () => {
      const victims = (['commands', 'sagas'] as const).map((role) =>
        trial.random.pick(stage.cluster.of(role)),
      );
      await killTrials(trial, { victims, dead: { atLeastMs: 500, atMostMs: 1_500 } });
      expect(buyers.faults).toEqual([]);
    },
  );

  it(
    'go on when one is cut off from NATS, and one from the event store',
    { timeout: WITHIN_MS },
    async () => {
      const lasts = { atLeastMs: 2_000, atMostMs: 4_000 };
      await partitionTrials(trial, { engines: ['nats', 'eventstore'], lasts });
      expect(buyers.faults).toEqual([]);
    },
  );

  it('answer what they took before they were told to end', { timeout: WITHIN_MS }, async () => {
    for (const processor of PROCESSORS)
      await stage.sandbox.fault(processor, { mode: 'slow', latency_ms: 8_000 });
    const bought = plainPurchase(`told-to-end-${SEED}`);
    others.push(bought);
    const asked = buy(stage.agentClient(), bought, 'wait=30');
    await eventually(
      () => stage.operator.payment(idOf(stage, bought)),
      ({ status }) => status === 200,
    );
    const writers = stage.cluster.of('commands');
    const exits = await Promise.all(writers.map((each) => each.stop()));
    const { status } = await asked;
    await stage.sandbox.heal();
    await Promise.all(writers.map((each) => each.start()));
    expect(exits.map(({ code }) => code)).toEqual(writers.map(() => 0));
    // Nobody was left in doubt: it is there, and goes on.
    expect(status).toBe(202);
    await buyers.settled();
    expect(buyers.faults).toEqual([]);
  });

  it('go on when JetStream loses everything', { timeout: WITHIN_MS }, async () => {
    await wipeTrials(trial, 1);
    expect(buyers.faults).toEqual([]);
  });

  it(
    'have lost no payment, charged nobody twice, and agree with all books in the end',
    { timeout: WITHIN_MS },
    async () => {
      await buyers.settled();
      for (const line of figuresOf(trial.outages, buyers.journeys)) console.log(line);
      expect(await verdictOn(stage, buyers, others)).toEqual([]);
      expect(buyers.journeys.length).toBeGreaterThan(0);
    },
  );
});
