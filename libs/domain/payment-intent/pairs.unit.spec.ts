import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RefundOutcome } from './outcome.js';
import type { PaymentIntentCommand } from './payment-intent.commands.js';
import {
  MANUAL,
  MONEY,
  PAID,
  SUCCEEDED,
  type Told,
  UNKNOWN,
  after,
  authorize,
  capture,
  captureNow,
  decideCapture,
  decider,
  judge,
  refund,
  refunded,
  tell,
} from './payment-intent.fixture.js';
import { refundedMinor } from './refund.state.js';

/** 100000 make a long run. */
const PAIRS = Number(process.env['CONCURRENT_PAIRS'] ?? 2_000);
const paid = after(...PAID);
const held = after(MANUAL, judge(), authorize(SUCCEEDED));

const amount = fc.oneof(fc.constant(null), fc.integer({ min: 1, max: MONEY.amountMinor }));
const pair = fc.record({
  amounts: fc.tuple(amount, amount),
  /** Whose step is next, as long as both have one. */
  turns: fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }),
  fates: fc.tuple(
    fc.constantFrom('done', 'done', 'declined', 'lost', 'lost_and_declined'),
    fc.constantFrom('done', 'done', 'declined', 'lost', 'lost_and_declined'),
  ),
});
type Step = (told: Told) => Told;

/** Runs the steps of two in an order that was drawn, each on what is recorded by then. */
function interleave(from: Told, all: readonly [Step[], Step[]], turns: readonly boolean[]): Told {
  const [one, other] = [[...all[0]], [...all[1]]];
  let told = from;
  for (const turn of [...turns, ...Array.from({ length: 10 }, (_, index) => index % 2 === 0)]) {
    const step = (turn ? one : other).shift();
    if (step) told = step(told);
  }
  return told;
}

/** The same as telling, when it may be refused. */
const tryTo =
  (command: PaymentIntentCommand): Step =>
  (told) =>
    decider.decide(command, told.state).ok ? tell(told, command) : told;

const DECLINED: RefundOutcome = {
  ...{ kind: 'declined', category: 'hard', code: 'no' },
  message: 'Too old',
};

it(`pairs of refunds, ${PAIRS} of them, never give back more than was captured`, () => {
  const sums = { both: 0, one: 0, none: 0 };
  const each = fc.property(pair, ({ amounts, turns, fates }) => {
    const books = new Map<string, number>();
    const steps = (index: 0 | 1): Step[] => {
      const id = `op-${index + 1}`;
      const startedMinor = ({ state }: Told) =>
        state.refunds.find((known) => known.refund === id)?.amountMinor;
      const answered =
        (outcome: (amountMinor: number) => RefundOutcome, executes = false): Step =>
        (told) => {
          const amountMinor = startedMinor(told);
          if (amountMinor === undefined) return told;
          // Money moves when the processor is called, whatever is answered.
          if (executes) books.set(id, amountMinor);
          return tryTo(refunded(outcome(amountMinor), { refund: id }))(told);
        };
      const done = (amountMinor: number): RefundOutcome => ({
        ...{ kind: 'succeeded', reference: `re_${id}`, currency: MONEY.currency },
        amountMinor,
      });
      const lost = () => ({ kind: 'unknown', evidence: 'timeout' }) as const;
      const ask = tryTo(refund(amounts[index], { operation: id }));
      const probed =
        (outcome: (amountMinor: number) => RefundOutcome): Step =>
        (told) => {
          const amountMinor = startedMinor(told);
          return amountMinor === undefined
            ? told
            : tryTo(refunded(outcome(amountMinor), { refund: id, probe: 1 }))(told);
        };
      switch (fates[index]) {
        case 'done':
          return [ask, answered(done, true)];
        case 'declined':
          return [ask, answered(() => DECLINED)];
        case 'lost':
          return [ask, answered(lost, true), probed(done)];
        case 'lost_and_declined':
          return [ask, answered(lost), probed(() => DECLINED)];
      }
    };
    const { state } = interleave(paid, [steps(0), steps(1)], turns);
    const given = [...books.values()].reduce((sum, one) => sum + one, 0);
    expect(given).toBeLessThanOrEqual(MONEY.amountMinor);
    expect(refundedMinor(state.refunds)).toBe(given);
    sums[books.size === 2 ? 'both' : books.size === 1 ? 'one' : 'none'] += 1;
  });
  fc.assert(each, { numRuns: PAIRS });
  if (PAIRS > 10_000) console.log(`refunds carried out: ${JSON.stringify(sums)}`);
  expect(Math.min(...Object.values(sums))).toBeGreaterThan(0);
});

it(`pairs of captures, ${PAIRS} of them, take once, and never more than was held`, () => {
  const each = fc.property(pair, ({ amounts, turns, fates }) => {
    const taken: number[] = [];
    const steps = (index: 0 | 1): Step[] => [
      tryTo(captureNow(amounts[index], { operation: `op-${index + 1}` })),
      (told) => {
        const decided = tryTo(decideCapture())(told);
        for (const event of decided === told ? [] : decided.events)
          if (event.type === 'CaptureStarted') taken.push(event.data.amountMinor);
        return decided;
      },
      (told) => tryTo(capture(fates[index].startsWith('lost') ? UNKNOWN : doneWith(taken)))(told),
      (told) => tryTo(capture(doneWith(taken), { probe: 1 }))(told),
    ];
    interleave(held, [steps(0), steps(1)], turns);
    expect(taken).toHaveLength(1);
    expect(taken[0]).toBeLessThanOrEqual(MONEY.amountMinor);
    expect(amounts.map((asked) => asked ?? MONEY.amountMinor)).toContain(taken[0]);
  });
  fc.assert(each, { numRuns: PAIRS });
});

const doneWith = (taken: readonly number[]) => ({
  ...SUCCEEDED,
  amountMinor: taken[0] ?? MONEY.amountMinor,
});
