import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { everyPage } from '../support/agent.client.js';
import { eventually } from '../support/eventually.js';
import { inParallel } from '../support/load.js';
import { tail } from '../support/node.process.js';
import { seededRandom, seedFrom } from '../support/seeded.random.js';
import { faultsFound, idOf } from '../faults/process/books.verdict.js';
import { buy, drawPurchase, type Purchase } from '../faults/process/buyer.js';
import { openFaultStage, type FaultStage } from '../faults/process/fault.stage.js';

const CONNECTIONS = 64;
const BEFORE_THE_SIGNAL = 100;
/** Two seconds for conclusions, two more for answers, and what closing files takes on a slow machine. */
const ENDS_WITHIN_MS = 6_000;
/** Longer than a call to a processor may take, before its outcome is called unknown. */
const STOPPED_MS = 4_000;
const SEED = seedFrom('SIGNAL_SEED');

describe(`a process among signals (SIGNAL_SEED=${SEED})`, () => {
  const random = seededRandom(SEED);
  /** Everything that was ever asked for: the books are judged as a whole. */
  const purchases: Purchase[] = [];
  let stage: FaultStage;
  beforeAll(async () => {
    stage = await openFaultStage();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') console.error(tail(stage.bursar.output()));
    stage.sandboxProcess.signal('SIGCONT');
    await stage.sandbox.heal();
    if (!stage.bursar.isRunning()) await stage.bursar.start();
  });
  afterAll(() => stage.dispose());

  function drawNext(): Purchase {
    const bought = drawPurchase(random, `signal-${SEED}-${purchases.length}`);
    purchases.push(bought);
    return bought;
  }

  /**
   * 64 callers, each with its next purchase as soon as the last one is answered, who give up when their connection breaks. `during`
   * begins once some were answered, and they go on until it has ended. Gives what they asked for.
   */
  async function underLoad(prefer: string, during: () => Promise<void>): Promise<Purchase[]> {
    const buyer = stage.agentClient();
    const own: Purchase[] = [];
    let answered = 0;
    let signalled: Promise<void> | undefined;
    const state = { over: false };
    const caller = async () => {
      while (!state.over) {
        const bought = drawNext();
        own.push(bought);
        await buy(buyer, bought, prefer);
        answered += 1;
        if (answered >= BEFORE_THE_SIGNAL)
          signalled ??= during().finally(() => (state.over = true));
      }
    };
    await Promise.allSettled(Array.from({ length: CONNECTIONS }, caller));
    await signalled;
    buyer.close();
    return own;
  }

  /** Tells it to end and gives how long that took. */
  async function end(): Promise<number> {
    const before = performance.now();
    expect(await stage.bursar.stop()).toEqual({ code: 0, signal: null });
    return performance.now() - before;
  }

  async function endUnderLoad(prefer: string): Promise<Purchase[]> {
    let tookMs = 0;
    const own = await underLoad(prefer, async () => {
      tookMs = await end();
    });
    const unanswered = own.filter(({ answered }) => !answered);
    console.log(
      `ended in ${Math.round(tookMs)} ms: ${own.length} purchases, ${unanswered.length} without an answer`,
    );
    expect(tookMs).toBeLessThan(ENDS_WITHIN_MS);
    await stage.bursar.start();
    return own;
  }

  /** What had no answer when the connection broke is not there at all; waits for nothing. */
  async function expectNothingUnanswered(own: readonly Purchase[]): Promise<void> {
    const unanswered = own.filter(({ answered }) => !answered);
    const begun = await inParallel(unanswered, 16, async (bought) => {
      const { status } = await stage.operator.payment(idOf(stage, bought));
      return status === 404 ? [] : [bought.key];
    });
    expect(begun.flat()).toEqual([]);
  }

  it('answers everything that arrived before SIGTERM, ends, and has nothing to make good when it starts again', async () => {
    const own = await endUnderLoad('wait=10');
    const running = await everyPage(stage.operator.payments, { status: 'processing', limit: 100 });
    expect(running.map(({ id, status }) => ({ id, status }))).toEqual([]);
    await expectNothingUnanswered(own);
    expect(await faultsFound(stage, purchases)).toEqual([]);
  });

  it('does not wait on SIGTERM for what a processor keeps to itself: its caller is told to look again', async () => {
    await stage.sandbox.fault('sandbox_a', { mode: 'timeout_after', rate: 0.5 });
    const own = await endUnderLoad('wait=30');
    await expectNothingUnanswered(own);
    await stage.sandbox.heal();
    expect(await faultsFound(stage, purchases)).toEqual([]);
  });

  it('ends in time while the processors are frozen and waits are long', async () => {
    stage.sandboxProcess.signal('SIGSTOP');
    const buyer = stage.agentClient();
    const own = Array.from({ length: CONNECTIONS }, drawNext);
    const asked = inParallel(own, CONNECTIONS, (bought) => buy(buyer, bought, 'wait=30'));
    const onRecord = () =>
      inParallel(own, 16, async (bought) => {
        return (await stage.operator.payment(idOf(stage, bought))).status;
      });
    await eventually(onRecord, (statuses) => statuses.every((status) => status === 200), {
      what: 'all of them on record',
    });
    expect(await end()).toBeLessThan(ENDS_WITHIN_MS);
    for (const answer of await asked)
      expect([201, 202, 503], `${answer.bytes}`).toContain(answer.status);
  });

  it('cuts a connection that never sends the rest of its request, and one that is only kept open', async () => {
    const half = connect({ port: stage.bursar.port, host: '127.0.0.1' });
    half.write('POST /v1/payment_intents HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{');
    const closed = new Promise((resolve) => half.once('close', resolve));
    half.on('error', () => half.destroy());
    const idle = stage.agentClient();
    expect((await idle.authority()).status).toBe(200);
    expect(await end()).toBeLessThan(ENDS_WITHIN_MS);
    await closed;
  });

  for (const who of ['server', 'processors'] as const) {
    it(`loses nothing and charges nobody twice when SIGSTOP holds the ${who} for longer than a call may take`, async () => {
      // So that many calls are under way whenever it stops, and none of them is late by itself.
      await stage.sandbox.fault('sandbox_a', { mode: 'refuse' });
      await stage.sandbox.fault('sandbox_b', { mode: 'slow', latency_ms: 700 });
      const { signal } = who === 'server' ? stage.bursar : stage.sandboxProcess;
      const before = purchases.length;
      await underLoad('wait=1', async () => {
        signal('SIGSTOP');
        await pause(STOPPED_MS);
        signal('SIGCONT');
      });
      await stage.sandbox.heal();
      const faults = await faultsFound(stage, purchases);
      expect(faults).toEqual([]);
      const types = await inParallel(purchases.slice(before), 16, async (bought) => {
        const id = idOf(stage, bought);
        const events = await everyPage((query) => stage.operator.events(id, query));
        return events.map(({ type }) => type);
      });
      expect(types.flat(), 'calls whose time was up').toContain('OutcomeUnknown');
    });
  }
});
