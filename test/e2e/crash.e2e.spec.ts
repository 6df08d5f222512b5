import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { runKillTrials } from '../faults/process/kill.trials.js';
import { everyPage, type ApiClient } from '../support/agent.client.js';
import { disagreements } from '../support/books.judge.js';
import type { PaymentRequest } from '../support/contract.types.js';
import { sumsByCurrency, isBalanced } from '../support/ledger.judge.js';
import { inParallel, sendUntilKilled } from '../support/load.js';
import { paymentIdOf, purchase } from '../support/purchase.fixture.js';
import { seededRandom, seedFrom } from '../support/seeded.random.js';
import { useStage } from '../support/stage.fixture.js';

const CONNECTIONS = 64;
const CYCLES = Number(process.env['CRASH_CYCLES'] ?? 1);
const KILLS = Number(process.env['CRASH_KILLS'] ?? 10);
const SEED = seedFrom('CRASH_SEED');

/** A payment that was sent, and the answer if one came. */
interface Sent {
  key: string;
  request: PaymentRequest;
  answered: { status: number; bytes: Buffer } | null;
}

/** Callers that pay one after the other until the server dies under them. */
async function payUntilItDies(
  client: ApiClient,
  killAfter: number,
  kill: () => Promise<void>,
): Promise<Sent[]> {
  const sent: Sent[] = [];
  await sendUntilKilled({ callers: CONNECTIONS, killAfter, kill }, async () => {
    const one: Sent = { key: randomUUID(), request: purchase({ amount: 100 }), answered: null };
    sent.push(one);
    const answer = await client.createPayment(one.request, { idempotencyKey: one.key });
    one.answered = { status: answer.status, bytes: answer.bytes };
  });
  return sent;
}

describe('kill -9 under load', () => {
  const stage = useStage({ sandboxApart: true });

  it(
    `loses no acknowledged payment and charges nobody twice, ${CYCLES} times (CRASH_SEED=${SEED})`,
    { timeout: 60_000 + CYCLES * 60_000 },
    async () => {
      const random = seededRandom(SEED);
      const { id: agent, key } = await stage.newAgent();
      for (let cycle = 1; cycle <= CYCLES; cycle++) {
        // New connections each time: those to the dead server are of no use.
        const client = stage.clientOf(key);
        const killAfter = 100 + Math.floor(random.next() * 200);
        const sent = await payUntilItDies(client, killAfter, stage.bursar.kill9);
        await stage.bursar.start();
        const acknowledged = sent.filter(({ answered }) => answered?.status === 201);
        console.log(
          `crash ${cycle}: ${acknowledged.length} acknowledged, ${sent.length - acknowledged.length} cut off`,
        );
        expect(acknowledged.length).toBeGreaterThanOrEqual(1);
        await everyStartedOneConcludes(sent, agent);
        await everyAnswerIsStillTheSame(sent, stage.clientOf(key));
      }
      await booksLedgerAndReadModelsAgree(agent);
    },
  );

  /** By itself: nobody asks again before it did. What never became durable is not there at all. */
  async function everyStartedOneConcludes(sent: readonly Sent[], agent: string): Promise<void> {
    await inParallel(sent, 32, async ({ key, answered }) => {
      const id = paymentIdOf(stage.bursar.credentials(), agent, key);
      const found = await stage.operator.payment(id);
      if (found.status === 404) {
        expect(answered, `${id} was answered and is not there`).toBeNull();
        return;
      }
      await stage.concluded(id, 60_000);
    });
  }

  async function everyAnswerIsStillTheSame(
    sent: readonly Sent[],
    client: ApiClient,
  ): Promise<void> {
    await inParallel(sent, 32, async ({ key, request, answered }) => {
      const again = await client.createPayment(request, { idempotencyKey: key });
      expect(again.status, again.bytes.toString()).toBe(201);
      expect(again.body.status).toBe('succeeded');
      if (answered?.status !== 201) return;
      expect(again.headers['idempotent-replayed']).toBe('true');
      expect(again.bytes.equals(answered.bytes), `the answer of ${again.body.id}`).toBe(true);
    });
  }

  async function booksLedgerAndReadModelsAgree(agent: string): Promise<void> {
    const { operator, auditor, sandbox } = stage;
    const listed = await everyPage(operator.payments, { agent, limit: 100 });
    expect(disagreements(await sandbox.charges(), listed), `CRASH_SEED=${SEED}`).toEqual([]);

    const entries = await everyPage(operator.ledgerEntries, { limit: 100 });
    expect(isBalanced(entries, ({ amount }) => amount)).toBe(true);
    const accounts = await everyPage(operator.ledgerAccounts, { limit: 100 });
    expect(isBalanced(accounts, ({ balance }) => balance)).toBe(true);
    for (const { account, currency, balance } of accounts) {
      const own = entries.filter((entry) => entry.account === account);
      expect(sumsByCurrency(own, ({ amount }) => amount)[currency] ?? 0, account).toBe(balance);
    }

    // A single payment is read from its stream; the list and the ledger are projections. Equal means: as rebuilt from the log.
    await inParallel(listed, 16, async (row) => {
      const { revision: _stream, ...folded } = (await operator.payment(row.id)).body;
      const { revision: _row, ...projected } = row;
      expect(projected).toEqual(folded);
      const events = await everyPage((query) => auditor.events(row.id, query));
      const posted = events
        .filter(({ type }) => type === 'LedgerPosted')
        .flatMap(({ data }) => data['postings'] as Record<string, unknown>[])
        .map((posting) => line(posting['account'], posting['amountMinor'], posting['currency']));
      const projectedLines = entries
        .filter(({ payment_intent }) => payment_intent === row.id)
        .map(({ account, amount, currency }) => line(account, amount, currency));
      expect(projectedLines.toSorted(), row.id).toEqual(posted.toSorted());
      expect(events.filter(({ type }) => type === 'RequestConcluded')).toHaveLength(1);
    });
  }
});

describe('kill -9 at any moment of a life', () => {
  it(
    `leaves every purchase, answer and book as it should be, ${KILLS} times (CRASH_SEED=${SEED})`,
    { timeout: 120_000 + KILLS * 10_000 },
    async () => {
      const tell = (told: string) => console.log(told);
      const { faults, ...figures } = await runKillTrials({ kills: KILLS, seed: SEED, tell });
      console.log(JSON.stringify(figures));
      expect(faults, `CRASH_SEED=${SEED}`).toEqual([]);
      expect(figures.answered).toBeGreaterThan(0);
      expect(figures.cutOff).toBeGreaterThan(0);
    },
  );
});

function line(account: unknown, amount: unknown, currency: unknown): string {
  return `${account} ${amount} ${currency}`;
}
