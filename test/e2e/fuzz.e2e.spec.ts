import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inputFor, type Input } from '../faults/fuzz/input.arbitrary.js';
import { createSender, type Heard } from '../faults/fuzz/input.sender.js';
import { operationsOf, type OpenApiDocument } from '../faults/fuzz/openapi.reader.js';
import { createConnection } from '../faults/fuzz/wire.connection.js';
import { createWorld, whoMay, type World } from '../faults/fuzz/world.fixture.js';
import { everyPage } from '../support/agent.client.js';
import { disagreements } from '../support/books.judge.js';
import type { PaymentIntent } from '../support/contract.types.js';
import { eventually } from '../support/eventually.js';
import { isBalanced, misposted } from '../support/ledger.judge.js';
import { inParallel } from '../support/load.js';
import { seedFrom } from '../support/seeded.random.js';
import { useStage } from '../support/stage.fixture.js';

const INPUTS = Number(process.env['FUZZ_INPUTS'] ?? 20_000);
const SEED = seedFrom('FUZZ_SEED');
const CONNECTIONS = 16;
const FAILURES_MAX = 5;
/** Longer than one answer may take, or the next input would be given it. */
const RUN_WITHIN_MS = 60_000;
/** What a slow machine may take for an input, and for everything before and after. */
const TIMEOUT_MS = 180_000 + INPUTS * 20;

/** Input number `i` of a run is the only one of a run whose seed is that much higher. */
function seedOf(index: number): number {
  return (SEED + index) | 0;
}

describe('any input at all', () => {
  const stage = useStage();

  it(
    'is answered as the OpenAPI document says, and moves no money but what was answered',
    { timeout: TIMEOUT_MS },
    async () => {
      console.log(`FUZZ_SEED=${SEED} FUZZ_INPUTS=${INPUTS}`);
      const document = await stage.operator.request<OpenApiDocument>('GET', '/openapi.json');
      const operations = operationsOf(document.body);
      const world = await createWorld(stage);
      const heard: Heard = { statuses: {}, payments: new Set() };
      const before = new Set((await everyPayment(world)).map(({ id }) => id));

      const failures = await fuzz(
        inputFor(operations, await whoMay(stage, operations)),
        createSender(operations, world, heard),
      );

      const output = stage.bursar.output();
      expect(failures.join('\n\n')).toBe('');
      expect(output).not.toMatch(/unhandled|\n\s+at /i);
      expect(stage.bursar.isRunning()).toBe(true);
      await expectBooksInOrder(world, (id) => before.has(id) || heard.payments.has(id));
      console.log(`answers ${JSON.stringify(heard.statuses)}, payments ${heard.payments.size}`);
    },
  );

  /** Sends all inputs over some connections at once, each followed by a look at whether the server is well. */
  async function fuzz(
    input: ReturnType<typeof inputFor>,
    sender: ReturnType<typeof createSender>,
  ): Promise<string[]> {
    const failures: string[] = [];
    const started = performance.now();
    let next = 0;
    const { port } = stage.bursar;
    const worker = async () => {
      const [kept, watching] = [createConnection(port), createConnection(port)];
      const property = fc.asyncProperty(input, async (each) => {
        await sender.send(each, { kept, fresh: () => createConnection(port) });
        await expectHealth(watching);
      });
      while (next < INPUTS && failures.length < FAILURES_MAX) {
        const seed = seedOf(next++);
        const run = await fc.check(property, {
          seed,
          numRuns: 1,
          interruptAfterTimeLimit: RUN_WITHIN_MS,
        });
        if (run.failed) failures.push(`FUZZ_SEED=${seed} FUZZ_INPUTS=1 npm run fuzz\n${told(run)}`);
      }
      kept.close();
      watching.close();
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
    const seconds = (performance.now() - started) / 1_000;
    console.log(
      `${next} inputs in ${seconds.toFixed(1)} s, ${Math.round(next / seconds)} a second`,
    );
    return failures;
  }

  /** Ends what is open, then lays the books of the processors beside payments and ledger of both tenants. */
  async function expectBooksInOrder(world: World, isAnswered: (id: string) => boolean) {
    await cancelWhatIsOpen(world);
    const payments = await everyPayment(world);
    expect(payments.filter(({ id }) => !isAnswered(id))).toEqual([]);
    const captured = (payment: PaymentIntent) => payment.amount_captured;
    expect(disagreements(await stage.sandbox.charges(), payments, captured)).toEqual([]);
    const entries = (
      await Promise.all(
        world.operators.map(({ ledgerEntries }) => everyPage(ledgerEntries, { limit: 100 })),
      )
    ).flat();
    expect(isBalanced(entries, ({ amount }) => amount)).toBe(true);
    expect(misposted(entries, payments)).toEqual([]);
  }
});

async function expectHealth(connection: ReturnType<typeof createConnection>): Promise<void> {
  const { answers } = await connection.exchange({
    pieces: [Buffer.from('GET /healthz HTTP/1.1\r\nhost: bursar\r\n\r\n')],
    answers: 1,
    method: 'GET',
    then: 'wait',
  });
  if (answers[0]?.status !== 200) throw new Error('/healthz did not answer 200');
}

function told({ errorInstance, counterexample }: fc.RunDetails<[Input]>): string {
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  return `${reason}\n${JSON.stringify(counterexample).slice(0, 2_000)}`;
}

async function everyPayment({ operators }: World): Promise<PaymentIntent[]> {
  const lists = operators.map(({ payments }) => everyPage(payments, { limit: 100 }));
  return (await Promise.all(lists)).flat();
}

async function cancelWhatIsOpen(world: World): Promise<void> {
  for (const operator of world.operators) {
    for (const status of ['requires_capture', 'requires_approval']) {
      const open = await everyPage(operator.payments, { limit: 100, status });
      await inParallel(open, CONNECTIONS, ({ id }) => operator.cancel(id));
    }
    await eventually(
      async () => (await operator.payments({ status: 'processing', limit: 1 })).body.data,
      (data) => data.length === 0,
      { withinMs: 60_000, what: 'the end of every payment' },
    );
  }
}
