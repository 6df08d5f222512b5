import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  minorUnits,
  type BooksWindow,
  type Outcome,
  type RefundOutcome,
  type TheirRecord,
} from '#domain';
import type { NoticeMeaning, ProcessorNotice } from './notice.port.js';
import type { Card } from './card.js';
import { DEFAULT_GUARD_OPTIONS } from './guarded-processor.js';
import type { AttemptOrder, Processor } from './processor.port.js';

/** A charge in the processor's own books, which are the judge of every test here. */
export interface BookedCharge {
  reference: string;
  amount: number;
  currency: string;
  state: 'authorized' | 'captured' | 'voided' | 'refunded';
  amountCaptured: number;
  amountRefunded: number;
  refunds: { reference: string; amount: number; status: 'pending' | 'succeeded' | 'failed' }[];
}

/** `lose_request`: not executed, and the answer does not say so. `lose_answer`: executed, and the answer is lost. */
export type ContractFault = 'none' | 'refuse' | 'lose_request' | 'lose_answer' | 'hang_after';

export interface ProcessorUnderTest {
  processor: Processor;
  tokens: {
    good: string;
    softDecline: string;
    hardDecline: string;
    /** Refunds to these are pending first and then succeed, are pending first and then fail, are refused at once. */
    refundPending: string;
    refundFails: string;
    refundRefused: string;
    /** The buyer has to do something first; only where `act` is. */
    actionRequired?: string;
    /** Held, although the processor's own fraud screen wants somebody to look. */
    risky?: string;
  };
  /** Cards to be exchanged for tokens: one that works, and one that is refused at once. */
  cards?: { good: Card; refused: Card };
  /** Does, or fails to do, what the buyer is sent to `url` for. */
  act?(url: string, outcome: 'success' | 'failure'): Promise<void>;
  /** Amounts in ISO 4217 minor units, and what the books have to say then; null: the processor cannot say it. */
  amounts?: readonly { amountMinor: number; currency: string; booked: number | null }[];
  /** Only what a known reference names can be looked up. */
  looksUpByReferenceOnly?: true;
  /** A refund that fails was reported as done first. */
  refundsFailAfterSuccess?: true;
  /** Makes what was done so far ready to be listed, and says in which window it lies. */
  listed(): Promise<BooksWindow>;
  /** What `letPass` cannot do here. */
  cannotLetPass?: readonly ('refund_settlement' | 'authorization')[];
  /** Begins the key of every order; at most 20 characters. */
  orderPrefix?: string;
  /** The charges that hold or held money for this attempt. */
  charges(orderKey: string): Promise<BookedCharge[]>;
  break(fault: ContractFault): Promise<void>;
  /** What the processor does by itself as time goes by has happened when it resolves. */
  letPass(of: 'refund_settlement' | 'authorization' | 'decision'): Promise<void>;
  /** What it has sent unasked since this was last called, verified and read. Needed where it decides later. */
  notices?(): Promise<readonly ProcessorNotice[]>;
  /** Digits after the decimal point in its books, by a table of its own; those of ISO 4217 without one. */
  digitsOf?(currency: string): number;
  stop(): Promise<void>;
}

const NEVER_ABORTED = new AbortController().signal;

type Later = Processor['capabilities']['decidesLater'][number];

type NoticedOutcome = Extract<NoticeMeaning, { about: Later }>['outcome'];

const isAbout = (
  meaning: NoticeMeaning,
  about: Later,
  order: AttemptOrder,
): meaning is Extract<NoticeMeaning, { about: Later }> =>
  meaning.about === about &&
  (meaning.about !== 'refund' || meaning.refundKey === order.refund?.key);

/** Currencies that processors count in their own ways, with amounts that are whole units where ISO 4217 has none below. */
const CURRENCIES = [
  ['JPY', 4_200],
  ['KRW', 4_200],
  ['KWD', 4_250],
  ['CLP', 4_200],
  ['ISK', 4_200],
  ['UGX', 4_200],
  ['HUF', 4_200_00],
  ['TWD', 4_200_00],
  ['MGA', 4_200_00],
] as const;

/** The same amount of money, counted with different numbers of digits after the decimal point. */
const isSameMoney = (one: number, digits: number, other: number, otherDigits: number) =>
  BigInt(one) * 10n ** BigInt(otherDigits) === BigInt(other) * 10n ** BigInt(digits);

/** The behaviour that every connector must show, against the real processor or a faithful double of it. */
export function describeProcessor(name: string, start: () => Promise<ProcessorUnderTest>): void {
  describe(`processor ${name}`, () => {
    let subject: ProcessorUnderTest;
    let processor: Processor;
    let orders = 0;

    beforeAll(async () => {
      subject = await start();
      processor = subject.processor;
    });
    afterEach(() => subject.break('none'));
    afterAll(() => subject.stop());

    const newOrder = (changes: Partial<AttemptOrder> = {}): AttemptOrder => ({
      key: `${subject.orderPrefix ?? 'contract'}-${(orders += 1)}-1`,
      amountMinor: 4_200,
      currency: 'EUR',
      paymentMethod: subject.tokens.good,
      ...changes,
    });

    /** The order as it is when money may move: a two-step processor knows its reference already. */
    const preparedOrder = async (changes: Partial<AttemptOrder> = {}): Promise<AttemptOrder> => {
      const order = newOrder(changes);
      if (processor.capabilities.authorization === 'one_step') return order;
      const prepared = await processor.prepare(order, NEVER_ABORTED);
      if (prepared.kind !== 'prepared') throw new Error(`not prepared: ${prepared.kind}`);
      return { ...order, reference: prepared.reference };
    };

    const authorizedOrder = async (changes: Partial<AttemptOrder> = {}): Promise<AttemptOrder> => {
      const order = await preparedOrder(changes);
      const outcome = await processor.authorize(order, NEVER_ABORTED);
      if (outcome.kind !== 'succeeded') throw new Error(`not authorized: ${outcome.kind}`);
      return { ...order, reference: outcome.reference };
    };

    const decidesLater = (operation: Later) =>
      processor.capabilities.decidesLater.includes(operation);

    const noticed: ProcessorNotice[] = [];

    /** What the processor has told about this since, the newest last. */
    const told = async (about: Later, order: AttemptOrder): Promise<NoticedOutcome[]> => {
      noticed.push(...((await subject.notices?.()) ?? []));
      return noticed
        .filter(({ reference }) => reference === order.reference)
        .map(({ meaning }) => meaning)
        .filter((meaning) => isAbout(meaning, about, order))
        .map(({ outcome }) => outcome);
    };

    /** The end of what was asked for: the answer itself, or what is told when the processor has decided. */
    const endOf = async <O extends Outcome | RefundOutcome>(
      operation: Later,
      order: AttemptOrder,
      answer: O,
    ): Promise<O | NoticedOutcome> => {
      if (!decidesLater(operation) || answer.kind !== 'accepted') return answer;
      await subject.letPass('decision');
      const outcomes = await told(operation, order);
      // Nothing is held any more, for whatever reason.
      const letGo =
        operation === 'void' ? outcomes.find(({ kind }) => kind === 'succeeded') : undefined;
      return letGo ?? outcomes.at(-1) ?? answer;
    };

    const capture = async (order: AttemptOrder) =>
      endOf('capture', order, await processor.capture(order, NEVER_ABORTED));

    const letGo = async (order: AttemptOrder) =>
      endOf('void', order, await processor.void(order, NEVER_ABORTED));

    const capturedOrder = async (changes: Partial<AttemptOrder> = {}): Promise<AttemptOrder> => {
      const order = await authorizedOrder(changes);
      const outcome = await capture(order);
      if (outcome.kind !== 'succeeded') throw new Error(`not captured: ${outcome.kind}`);
      return order;
    };

    const refundOf = (order: AttemptOrder, number: number, amountMinor: number): AttemptOrder => ({
      ...order,
      amountMinor,
      refund: { key: `${order.key}-r${number}` },
    });

    const refund = async (order: AttemptOrder) =>
      endOf('refund', order, await processor.refund(order, NEVER_ABORTED));

    const lookUpRefund = (order: AttemptOrder) => processor.lookUpRefund(order, NEVER_ABORTED);

    const returned = async (order: AttemptOrder) => {
      const [charge] = await subject.charges(order.key);
      return charge && [charge.state, charge.amountRefunded, charge.refunds.length];
    };

    const cannotLetPass = (of: 'refund_settlement' | 'authorization') =>
      subject.cannotLetPass?.includes(of) === true;

    const states = async (order: AttemptOrder) =>
      (await subject.charges(order.key)).map((charge) => charge.state);

    it('is waited for no longer than those wait who ask for it', () => {
      const { timeLimits } = processor.capabilities;
      const { softDeadlineMs, harmlessDeadlineMs, hardDeadlineMs } = {
        ...DEFAULT_GUARD_OPTIONS,
        ...timeLimits,
      };
      // One call may provision a card first.
      expect(softDeadlineMs + harmlessDeadlineMs).toBeLessThanOrEqual(12_000);
      expect(hardDeadlineMs).toBeGreaterThan(softDeadlineMs);
      expect(hardDeadlineMs).toBeLessThanOrEqual(60_000);
    });

    describe('authorize', () => {
      it('holds exactly what was meant and echoes it', async () => {
        const order = await preparedOrder();
        const outcome = await processor.authorize(order, NEVER_ABORTED);
        const [charge, ...others] = await subject.charges(order.key);
        expect(others).toEqual([]);
        expect(charge).toMatchObject({ amount: 4_200, currency: 'EUR', state: 'authorized' });
        expect(outcome).toMatchObject({
          kind: 'succeeded',
          reference: charge?.reference,
          amountMinor: 4_200,
          currency: 'EUR',
        });
      });

      it('tells what the fraud screen of the processor thinks of it', async (test) => {
        const paymentMethod = subject.tokens.risky;
        test.skip(paymentMethod === undefined);
        const order = await preparedOrder({ paymentMethod });
        expect(await processor.authorize(order, NEVER_ABORTED)).toMatchObject({
          kind: 'succeeded',
          risk: { verdict: 'review' },
        });
      });

      it('answers a repeated call as before, with one charge', async () => {
        const order = await preparedOrder();
        const first = await processor.authorize(order, NEVER_ABORTED);
        expect(await processor.authorize(order, NEVER_ABORTED)).toEqual(first);
        expect(await states(order)).toEqual(['authorized']);
      });

      it('tells a soft decline from a hard one, and neither is a charge', async () => {
        for (const category of ['soft', 'hard'] as const) {
          const paymentMethod = subject.tokens[`${category}Decline`];
          const order = await preparedOrder({ paymentMethod });
          const outcome = await processor.authorize(order, NEVER_ABORTED);
          expect(outcome).toMatchObject({ kind: 'declined', category });
          expect(await processor.authorize(order, NEVER_ABORTED)).toEqual(outcome);
          expect(await states(order)).toEqual([]);
        }
      });

      it('is not executed when the connection is refused', async () => {
        const order = await preparedOrder();
        await subject.break('refuse');
        const outcome = await processor.authorize(order, NEVER_ABORTED);
        expect(outcome).toMatchObject({ kind: 'not_executed', evidence: 'connection_refused' });
        await expect(processor.ping(NEVER_ABORTED)).rejects.toThrow();
        expect(await states(order)).toEqual([]);
      });

      it('is unknown while answers are lost, and charges once when the same call is repeated', async () => {
        const order = await preparedOrder();
        await subject.break('lose_answer');
        const lost = await processor.authorize(order, NEVER_ABORTED);
        expect(lost.kind).toBe('unknown');
        expect(await states(order)).toEqual(['authorized']);
        await subject.break('none');
        expect(await processor.authorize(order, NEVER_ABORTED)).toMatchObject({
          kind: 'succeeded',
          amountMinor: 4_200,
        });
        expect(await states(order)).toEqual(['authorized']);
      });

      it('is unknown when it was given up after it was sent, whatever the processor did', async () => {
        const order = await preparedOrder();
        await subject.break('hang_after');
        const givingUp = new AbortController();
        const pending = processor.authorize(order, givingUp.signal);
        await expect.poll(() => states(order), { timeout: 5_000 }).toEqual(['authorized']);
        givingUp.abort();
        expect((await pending).kind).toBe('unknown');
      });

      it('is unknown when the request itself was lost, and charges once when it is repeated', async () => {
        const order = await preparedOrder();
        await subject.break('lose_request');
        const lost = await processor.authorize(order, NEVER_ABORTED);
        expect(lost.kind).toBe('unknown');
        expect(await states(order)).toEqual([]);
        await subject.break('none');
        const repeated = await processor.authorize(order, NEVER_ABORTED);
        expect(repeated.kind).toBe('succeeded');
        expect(await states(order)).toEqual(['authorized']);
      });
    });

    describe('what the buyer has to do first', () => {
      const waitingOrder = async () => {
        const paymentMethod = subject.tokens.actionRequired;
        const order = await preparedOrder({ paymentMethod });
        const outcome = await processor.authorize(order, NEVER_ABORTED);
        if (outcome.kind !== 'action_required') throw new Error(`no action: ${outcome.kind}`);
        return { order: { ...order, reference: outcome.reference }, url: outcome.url };
      };

      it('is told with an address, by the call and by a look-up, and holds nothing', async (test) => {
        test.skip(subject.tokens.actionRequired === undefined);
        const { order, url } = await waitingOrder();
        expect(new URL(url).protocol).toMatch(/^https?:$/);
        expect(await states(order)).toEqual([]);
        test.skip(!processor.capabilities.lookUp);
        expect(await processor.lookUp(order, NEVER_ABORTED)).toEqual({
          state: 'action_required',
          reference: order.reference,
          url,
        });
      });

      it('holds the amount once it is done', async (test) => {
        test.skip(subject.act === undefined || !processor.capabilities.lookUp);
        const { order, url } = await waitingOrder();
        await subject.act?.(url, 'success');
        expect(await processor.lookUp(order, NEVER_ABORTED)).toMatchObject({
          state: 'authorized',
          amountMinor: 4_200,
        });
        expect(await states(order)).toEqual(['authorized']);
        expect((await processor.capture(order, NEVER_ABORTED)).kind).toBe('succeeded');
      });

      it('is a decline once it failed', async (test) => {
        test.skip(subject.act === undefined || !processor.capabilities.lookUp);
        const { order, url } = await waitingOrder();
        await subject.act?.(url, 'failure');
        expect(await processor.lookUp(order, NEVER_ABORTED)).toMatchObject({ state: 'declined' });
        expect(await states(order)).toEqual([]);
      });

      it('comes to nothing once it is fenced, however late it is done', async (test) => {
        test.skip(subject.act === undefined || !processor.capabilities.fence);
        const { order, url } = await waitingOrder();
        expect((await processor.fence(order, NEVER_ABORTED)).kind).toBe('fenced');
        await subject.act?.(url, 'success');
        expect(await states(order)).toEqual([]);
      });
    });

    describe('list', () => {
      let window: BooksWindow;

      /** Every page, one after the other. */
      const listed = async (): Promise<TheirRecord[]> => {
        const records: TheirRecord[] = [];
        for (let cursor: string | null = null, pages = 0; pages < 100; pages += 1) {
          const page = await processor.list(window, cursor, NEVER_ABORTED);
          if (page.kind !== 'listed') throw new Error(`not listed: ${page.evidence}`);
          records.push(...page.records);
          cursor = page.next;
          if (cursor === null) return records;
        }
        throw new Error('the pages do not end');
      };
      const under = (records: TheirRecord[], key: string) =>
        records.filter((record) => record.key === key);

      it('shows what is held, taken, let go and given back, under our keys and in our amounts', async () => {
        const held = await authorizedOrder();
        const taken = await authorizedOrder();
        await capture({ ...taken, amountMinor: 4_000 });
        const released = await authorizedOrder();
        await letGo(released);
        const back = refundOf(taken, 1, 1_000);
        await refund(back);
        window = await subject.listed();
        const records = await listed();
        const charge = { subject: 'charge', amountMinor: 4_200, currency: 'EUR' };
        const expected = [
          [held.key, { ...charge, reference: held.reference, state: 'held' }],
          [taken.key, { ...charge, state: 'captured', amountMinor: 4_000 }],
          [released.key, { ...charge, reference: released.reference, state: 'voided' }],
          [
            back.refund?.key ?? '',
            { subject: 'refund', state: 'returned', amountMinor: 1_000, currency: 'EUR' },
          ],
        ] as const;
        for (const [key, record] of expected) {
          expect(under(records, key)).toEqual([expect.objectContaining({ key, ...record })]);
        }
        expect(records.every(({ atMs }) => atMs >= window.fromMs && atMs < window.toMs)).toBe(true);
      });

      it('shows all of more than a page, each once', async () => {
        const keys = new Set<string>();
        for (let made = 0; made < 105; made += 1) keys.add((await authorizedOrder()).key);
        window = await subject.listed();
        const found = (await listed()).filter(({ key }) => key !== null && keys.has(key));
        expect(found.map(({ key }) => key).sort()).toEqual([...keys].sort());
      });

      it('shows a decline as nothing held, if at all', async () => {
        const order = await preparedOrder({ paymentMethod: subject.tokens.hardDecline });
        await processor.authorize(order, NEVER_ABORTED);
        window = await subject.listed();
        const states = under(await listed(), order.key).map(({ state }) => state);
        expect(states.filter((state) => state !== 'none')).toEqual([]);
      });

      it('shows nothing that was made before or after the window', async () => {
        const order = await authorizedOrder();
        const { fromMs, toMs } = await subject.listed();
        const spanMs = toMs - fromMs;
        window = { fromMs: fromMs - 2 * spanMs, toMs: fromMs - spanMs };
        expect(under(await listed(), order.key)).toEqual([]);
      });

      it('fails, and is not empty, when the processor cannot be reached or says something else', async () => {
        const window = await subject.listed();
        for (const fault of ['refuse', 'lose_request', 'lose_answer'] as const) {
          await subject.break(fault);
          expect(await processor.list(window, null, NEVER_ABORTED)).toMatchObject({
            kind: 'failed',
          });
        }
      });
    });

    describe('amounts', () => {
      it('are the same money in the books, in every currency, held, taken and given back', async (test) => {
        test.skip(subject.amounts === undefined);
        for (const { amountMinor, currency, booked } of subject.amounts ?? []) {
          if (booked === null) continue;
          const order = await authorizedOrder({ amountMinor, currency });
          expect(await subject.charges(order.key)).toMatchObject([{ amount: booked, currency }]);
          expect(await processor.capture(order, NEVER_ABORTED)).toMatchObject({
            kind: 'succeeded',
            ...{ amountMinor, currency },
          });
          expect(await refund(refundOf(order, 1, amountMinor))).toMatchObject({
            kind: 'succeeded',
            ...{ amountMinor, currency },
          });
          expect(await subject.charges(order.key)).toMatchObject([
            { state: 'refunded', amountCaptured: booked, amountRefunded: booked },
          ]);
        }
      });

      it('that cannot be said exactly are refused before anything is sent, and never rounded', async (test) => {
        test.skip(subject.amounts === undefined);
        for (const { amountMinor, currency, booked } of subject.amounts ?? []) {
          if (booked !== null) continue;
          const order = newOrder({ amountMinor, currency });
          const refused = { kind: 'not_executed', evidence: 'amount_not_representable' };
          const twoSteps = processor.capabilities.authorization === 'two_step';
          const first = twoSteps ? 'prepare' : 'authorize';
          expect(await processor[first](order, NEVER_ABORTED)).toEqual(refused);
          expect(await states(order)).toEqual([]);
        }
      });
    });

    describe('provision', () => {
      it('exchanges a card for a token that pays', async (test) => {
        const card = subject.cards?.good;
        if (!card) return test.skip();
        const key = newOrder().key;
        const provisioned = await processor.provision(card, key, NEVER_ABORTED);
        if (provisioned.kind !== 'provisioned') throw new Error(`no token: ${provisioned.kind}`);
        const again = await processor.provision(card, key, NEVER_ABORTED);
        expect(again.kind).toBe('provisioned');
        const order = await authorizedOrder({ paymentMethod: provisioned.token });
        expect(await states(order)).toEqual(['authorized']);
      });

      it('says a definite no to a card that can never be one', async (test) => {
        const card = subject.cards?.refused;
        if (!card) return test.skip();
        const refused = await processor.provision(card, newOrder().key, NEVER_ABORTED);
        expect(refused.kind).toBe('declined');
      });

      it('knows nothing while nobody answers', async (test) => {
        const card = subject.cards?.good;
        if (!card) return test.skip();
        await subject.break('refuse');
        expect(await processor.provision(card, newOrder().key, NEVER_ABORTED)).toEqual({
          kind: 'failed',
          evidence: 'connection_refused',
        });
      });
    });

    describe('prepare', () => {
      it('makes a reference that holds nothing, the same one for the same order', async (test) => {
        test.skip(processor.capabilities.authorization === 'one_step');
        const order = newOrder();
        const prepared = await processor.prepare(order, NEVER_ABORTED);
        expect(prepared.kind).toBe('prepared');
        expect(await processor.prepare(order, NEVER_ABORTED)).toEqual(prepared);
        expect(await states(order)).toEqual([]);
      });

      it('is not executed when nobody answers, because no money can have moved', async (test) => {
        test.skip(processor.capabilities.authorization === 'one_step');
        await subject.break('refuse');
        const outcome = await processor.prepare(newOrder(), NEVER_ABORTED);
        expect(outcome.kind).toBe('not_executed');
      });
    });

    describe('capture', () => {
      it('takes all that is held', async () => {
        const order = await authorizedOrder();
        expect(await capture(order)).toEqual({
          kind: 'succeeded',
          reference: order.reference,
          amountMinor: 4_200,
          currency: 'EUR',
        });
        expect(await subject.charges(order.key)).toMatchObject([
          { state: 'captured', amountCaptured: 4_200 },
        ]);
      });

      it('takes a part, and echoes that part', async () => {
        const order = { ...(await authorizedOrder()), amountMinor: 1_000 };
        const outcome = await capture(order);
        expect(outcome).toMatchObject({ kind: 'succeeded', amountMinor: 1_000 });
        expect(await subject.charges(order.key)).toMatchObject([
          { state: 'captured', amount: 4_200, amountCaptured: 1_000 },
        ]);
      });

      it('takes a part once, and lets go of the rest', async () => {
        const order = await authorizedOrder();
        await capture({ ...order, amountMinor: 1_000 });
        const rest = await capture({ ...order, amountMinor: 3_200 });
        expect(rest.kind).not.toBe('succeeded');
        expect(await subject.charges(order.key)).toMatchObject([
          { state: 'captured', amountCaptured: 1_000 },
        ]);
      });

      it('is declined for good when the hold was let go', async () => {
        const order = await authorizedOrder();
        await letGo(order);
        expect(await capture(order)).toMatchObject({
          kind: 'declined',
          category: 'hard',
        });
        expect(await states(order)).toEqual(['voided']);
      });

      it('is declined for good when the hold has expired', async (test) => {
        test.skip(cannotLetPass('authorization'));
        const order = await authorizedOrder();
        await subject.letPass('authorization');
        expect(await capture(order)).toMatchObject({
          kind: 'declined',
          category: 'hard',
        });
        expect(await states(order)).toEqual(['voided']);
      });

      it('never takes more than is held', async () => {
        const order = { ...(await authorizedOrder()), amountMinor: 4_201 };
        expect((await capture(order)).kind).toBe(
          decidesLater('capture') ? 'declined' : 'not_executed',
        );
        expect(await states(order)).toEqual(['authorized']);
      });

      it('is unknown while answers are lost, and takes the money once when it is repeated', async () => {
        const order = await authorizedOrder();
        await subject.break('lose_answer');
        expect((await capture(order)).kind).toBe('unknown');
        await subject.break('none');
        expect((await capture(order)).kind).toBe('succeeded');
        expect(await subject.charges(order.key)).toMatchObject([
          { state: 'captured', amountCaptured: 4_200 },
        ]);
      });
    });

    describe('void', () => {
      it('lets go of what is held, also when it is repeated', async () => {
        const order = await authorizedOrder();
        const outcome = await letGo(order);
        expect(outcome).toMatchObject({ kind: 'succeeded', reference: order.reference });
        expect(await letGo(order)).toEqual(outcome);
        expect(await states(order)).toEqual(['voided']);
      });

      it('has nothing to let go of when the hold has expired', async (test) => {
        test.skip(cannotLetPass('authorization'));
        const order = await authorizedOrder();
        await subject.letPass('authorization');
        const outcome = await letGo(order);
        expect(outcome).toMatchObject({ kind: 'succeeded', reference: order.reference });
        expect(await states(order)).toEqual(['voided']);
      });

      it('does not touch money that was taken', async () => {
        const order = await authorizedOrder();
        await capture(order);
        expect((await letGo(order)).kind).toBe(decidesLater('void') ? 'declined' : 'not_executed');
        expect(await states(order)).toEqual(['captured']);
      });
    });

    describe('refund', () => {
      it('gives everything back, and echoes it', async () => {
        const order = refundOf(await capturedOrder(), 1, 4_200);
        const outcome = await refund(order);
        const [charge] = await subject.charges(order.key);
        expect(outcome).toEqual({
          kind: 'succeeded',
          reference: charge?.refunds[0]?.reference,
          amountMinor: 4_200,
          currency: 'EUR',
        });
        expect(await returned(order)).toEqual(['refunded', 4_200, 1]);
      });

      it('gives parts back, one after the other, and never more than was taken', async () => {
        const order = await capturedOrder();
        const outcomes = [];
        for (const [number, amount] of [1_000, 3_000, 201, 200, 1].entries()) {
          outcomes.push((await refund(refundOf(order, number, amount))).kind);
        }
        expect(outcomes).toEqual(['succeeded', 'succeeded', 'declined', 'succeeded', 'declined']);
        expect(await returned(order)).toEqual(['refunded', 4_200, 3]);
      });

      it('gives back no more than was taken of what was held', async () => {
        const order = await authorizedOrder();
        await capture({ ...order, amountMinor: 1_000 });
        expect(await refund(refundOf(order, 1, 1_001))).toMatchObject({
          kind: 'declined',
          category: 'hard',
        });
        expect((await refund(refundOf(order, 2, 1_000))).kind).toBe('succeeded');
        expect(await returned(order)).toEqual(['refunded', 1_000, 1]);
      });

      it('gives back one of two at the same time that together are more than was taken', async () => {
        const order = await capturedOrder();
        const race = await Promise.all(
          [1, 2].map((number) => refund(refundOf(order, number, 2_500))),
        );
        expect(race.map(({ kind }) => kind).sort()).toEqual(['declined', 'succeeded']);
        expect(await returned(order)).toEqual(['captured', 2_500, 1]);
      });

      it('answers a repeated call as before, with one refund', async () => {
        const order = refundOf(await capturedOrder(), 1, 1_000);
        const first = await refund(order);
        expect(await refund(order)).toEqual(first);
        expect(await returned(order)).toEqual(['captured', 1_000, 1]);
      });

      it('is declined for good where no money was taken', async () => {
        const order = refundOf(await authorizedOrder(), 1, 1);
        expect(await refund(order)).toMatchObject({ kind: 'declined', category: 'hard' });
        expect(await returned(order)).toEqual(['authorized', 0, 0]);
      });

      it('is declined for good when it is refused', async () => {
        const paymentMethod = subject.tokens.refundRefused;
        const order = refundOf(await capturedOrder({ paymentMethod }), 1, 1_000);
        expect(await refund(order)).toMatchObject({ kind: 'declined', category: 'hard' });
        expect(await returned(order)).toEqual(['captured', 0, 0]);
      });

      it('is not executed when the connection is refused', async () => {
        const order = refundOf(await capturedOrder(), 1, 1_000);
        await subject.break('refuse');
        expect(await refund(order)).toMatchObject({
          kind: 'not_executed',
          evidence: 'connection_refused',
        });
        expect(await returned(order)).toEqual(['captured', 0, 0]);
      });

      it('is unknown while answers are lost; the same call, or a look-up, tells what became of it', async () => {
        const order = refundOf(await capturedOrder(), 1, 1_000);
        await subject.break('lose_answer');
        expect((await refund(order)).kind).toBe('unknown');
        expect((await lookUpRefund(order)).kind).toBe('unknown');
        await subject.break('none');
        const found = processor.capabilities.lookUp && (await lookUpRefund(order));
        const repeated = await refund(order);
        expect(repeated).toMatchObject({ kind: 'succeeded', amountMinor: 1_000 });
        if (found) expect(repeated).toEqual(found);
        expect(await returned(order)).toEqual(['captured', 1_000, 1]);
      });

      it('is unknown when it was given up after it was sent', async () => {
        const order = refundOf(await capturedOrder(), 1, 1_000);
        await subject.break('hang_after');
        const givingUp = new AbortController();
        const pending = processor.refund(order, givingUp.signal);
        const decided = async () => {
          if (decidesLater('refund')) await subject.letPass('decision');
          return returned(order);
        };
        await expect.poll(decided, { timeout: 5_000 }).toEqual(['captured', 1_000, 1]);
        givingUp.abort();
        expect((await pending).kind).toBe('unknown');
      });

      it('is unknown when the request itself was lost, and gives back once when it is repeated', async () => {
        const order = refundOf(await capturedOrder(), 1, 1_000);
        await subject.break('lose_request');
        expect((await refund(order)).kind).toBe('unknown');
        await subject.break('none');
        expect((await lookUpRefund(order)).kind).toBe('unknown');
        expect((await refund(order)).kind).toBe('succeeded');
        expect(await returned(order)).toEqual(['captured', 1_000, 1]);
      });

      it('is accepted while it is pending, counts already, and settles by itself', async (test) => {
        test.skip(!processor.capabilities.lookUp);
        test.skip(cannotLetPass('refund_settlement'));
        const paymentMethod = subject.tokens.refundPending;
        const order = refundOf(await capturedOrder({ paymentMethod }), 1, 4_000);
        const accepted = await refund(order);
        if (accepted.kind !== 'accepted') throw new Error(`not accepted: ${accepted.kind}`);
        const known = {
          ...order,
          refund: { key: `${order.key}-r1`, reference: accepted.reference },
        };
        expect(await lookUpRefund(known)).toEqual(accepted);
        expect((await refund(refundOf(order, 2, 201))).kind).toBe('declined');
        expect(await returned(order)).toEqual(['captured', 0, 1]);
        await subject.letPass('refund_settlement');
        for (const asked of [known, order]) {
          expect(await lookUpRefund(asked)).toEqual({
            kind: 'succeeded',
            reference: accepted.reference,
            amountMinor: 4_000,
            currency: 'EUR',
          });
        }
        expect(await returned(order)).toEqual(['captured', 4_000, 1]);
      });

      it('is declined for good when it failed after it was accepted, and gave nothing back', async (test) => {
        test.skip(cannotLetPass('refund_settlement'));
        const paymentMethod = subject.tokens.refundFails;
        const order = refundOf(await capturedOrder({ paymentMethod }), 1, 4_200);
        const first = subject.refundsFailAfterSuccess ? 'succeeded' : 'accepted';
        expect((await processor.refund(order, NEVER_ABORTED)).kind).toBe(first);
        await subject.letPass('refund_settlement');
        const end = decidesLater('refund')
          ? (await told('refund', order)).at(-1)
          : await lookUpRefund(order);
        expect(end).toMatchObject({ kind: 'declined', category: 'hard' });
        expect(await returned(order)).toEqual(['captured', 0, 1]);
      });
    });

    describe('lookUpRefund', () => {
      it('proves nothing by finding nothing, with and without a reference', async () => {
        const order = refundOf(await capturedOrder(), 1, 1_000);
        for (const reference of [undefined, 're_nobody']) {
          const asked = { ...order, refund: { key: `${order.key}-r1`, reference } };
          expect((await lookUpRefund(asked)).kind).toBe('unknown');
        }
      });

      it('tells the refunds of one charge apart', async (test) => {
        test.skip(!processor.capabilities.lookUp);
        const order = await capturedOrder();
        for (const number of [1, 2]) await refund(refundOf(order, number, number * 100));
        expect(await lookUpRefund(refundOf(order, 2, 200))).toMatchObject({
          kind: 'succeeded',
          amountMinor: 200,
        });
      });

      it('proves nothing when it fails', async () => {
        const order = refundOf(await capturedOrder(), 1, 1_000);
        await refund(order);
        for (const fault of ['refuse', 'lose_request', 'lose_answer'] as const) {
          await subject.break(fault);
          expect((await lookUpRefund(order)).kind).toBe('unknown');
        }
      });
    });

    describe('lookUp', () => {
      it('finds what is held, taken and let go, with and without a reference', async (test) => {
        test.skip(!processor.capabilities.lookUp);
        const order = await authorizedOrder();
        const voided = await authorizedOrder();
        const fact = { reference: order.reference, amountMinor: 4_200, currency: 'EUR' };
        const without = subject.looksUpByReferenceOnly ? [] : [undefined];
        for (const reference of [order.reference, ...without]) {
          const asked = { ...order, reference };
          expect(await processor.lookUp(asked, NEVER_ABORTED)).toEqual({
            state: 'authorized',
            ...fact,
          });
        }
        await capture(order);
        expect(await processor.lookUp(order, NEVER_ABORTED)).toEqual({
          state: 'captured',
          ...fact,
        });
        await letGo(voided);
        expect(await processor.lookUp(voided, NEVER_ABORTED)).toMatchObject({ state: 'voided' });
      });

      it('finds how much was taken of what was held', async (test) => {
        test.skip(!processor.capabilities.lookUp);
        const order = { ...(await authorizedOrder()), amountMinor: 1_000 };
        expect(await processor.lookUp(order, NEVER_ABORTED)).toMatchObject({ state: 'unproven' });
        await capture(order);
        expect(await processor.lookUp(order, NEVER_ABORTED)).toMatchObject({
          state: 'captured',
          amountMinor: 1_000,
        });
      });

      it('finds that an expired hold holds nothing', async (test) => {
        test.skip(cannotLetPass('authorization'));
        test.skip(!processor.capabilities.lookUp);
        const order = await authorizedOrder();
        await subject.letPass('authorization');
        expect(await processor.lookUp(order, NEVER_ABORTED)).toMatchObject({ state: 'voided' });
      });

      it('proves nothing by finding nothing', async (test) => {
        test.skip(!processor.capabilities.lookUp);
        expect(await processor.lookUp(newOrder(), NEVER_ABORTED)).toMatchObject({
          state: 'unproven',
        });
      });

      it('proves nothing by an unconfirmed charge', async (test) => {
        test.skip(!processor.capabilities.lookUp);
        test.skip(processor.capabilities.authorization === 'one_step');
        expect(await processor.lookUp(await preparedOrder(), NEVER_ABORTED)).toMatchObject({
          state: 'unproven',
        });
      });

      it('proves nothing when it fails', async (test) => {
        test.skip(!processor.capabilities.lookUp);
        const order = await authorizedOrder();
        for (const fault of ['refuse', 'lose_answer'] as const) {
          await subject.break(fault);
          expect(await processor.lookUp(order, NEVER_ABORTED)).toMatchObject({ state: 'unproven' });
        }
      });
    });

    describe('fence', () => {
      it('proves that the attempt never takes money: a later confirmation is refused', async (test) => {
        test.skip(!processor.capabilities.fence);
        const order = await preparedOrder();
        expect((await processor.fence(order, NEVER_ABORTED)).kind).toBe('fenced');
        expect((await processor.fence(order, NEVER_ABORTED)).kind).toBe('fenced');
        expect((await processor.authorize(order, NEVER_ABORTED)).kind).toBe('fenced');
        expect(await states(order)).toEqual([]);
      });

      it('says that money is already held, and leaves it', async (test) => {
        test.skip(!processor.capabilities.fence);
        const order = await authorizedOrder();
        expect(await processor.fence(order, NEVER_ABORTED)).toMatchObject({
          kind: 'succeeded',
          reference: order.reference,
          amountMinor: 4_200,
        });
        expect(await states(order)).toEqual(['authorized']);
      });

      it('says that the attempt was declined, as it was', async (test) => {
        test.skip(!processor.capabilities.fence);
        const order = await preparedOrder({ paymentMethod: subject.tokens.hardDecline });
        await processor.authorize(order, NEVER_ABORTED);
        expect(await processor.fence(order, NEVER_ABORTED)).toMatchObject({
          kind: 'declined',
          category: 'hard',
        });
      });

      it('proves nothing while it does not reach the processor', async (test) => {
        test.skip(!processor.capabilities.fence);
        const order = await preparedOrder();
        for (const fault of ['refuse', 'lose_request', 'lose_answer'] as const) {
          await subject.break(fault);
          expect((await processor.fence(order, NEVER_ABORTED)).kind).toBe('unknown');
        }
        await subject.break('none');
        expect((await processor.fence(order, NEVER_ABORTED)).kind).toBe('fenced');
      });

      it('is unknown where the processor has none', async (test) => {
        test.skip(processor.capabilities.fence);
        const order = await preparedOrder();
        expect((await processor.fence(order, NEVER_ABORTED)).kind).toBe('unknown');
      });
    });

    describe('what it decides later', () => {
      it('is taken on, changes nothing yet, and is told when it is done', async (test) => {
        test.skip(processor.capabilities.decidesLater.length === 0);
        const { amountMinor, currency } = newOrder();
        const money = { amountMinor, currency };
        if (decidesLater('capture')) {
          const order = await authorizedOrder();
          const { reference } = order;
          const answer = await processor.capture(order, NEVER_ABORTED);
          expect(answer).toEqual({ kind: 'accepted', reference });
          expect(await states(order)).toEqual(['authorized']);
          expect(await told('capture', order)).toEqual([]);
          const end = await endOf('capture', order, answer);
          expect(end).toEqual({ kind: 'succeeded', reference, ...money });
          expect(await states(order)).toEqual(['captured']);
        }
        if (decidesLater('void')) {
          const order = await authorizedOrder();
          const { reference } = order;
          const answer = await processor.void(order, NEVER_ABORTED);
          expect(answer).toEqual({ kind: 'accepted', reference });
          expect(await states(order)).toEqual(['authorized']);
          const end = await endOf('void', order, answer);
          expect(end).toEqual({ kind: 'succeeded', reference, ...money });
          expect(await states(order)).toEqual(['voided']);
        }
        if (decidesLater('refund')) {
          const order = refundOf(await capturedOrder(), 1, amountMinor);
          const answer = await processor.refund(order, NEVER_ABORTED);
          if (answer.kind !== 'accepted') throw new Error(`not accepted: ${answer.kind}`);
          expect(await returned(order)).toEqual(['captured', 0, 0]);
          const end = await endOf('refund', order, answer);
          expect(end).toEqual({ kind: 'succeeded', reference: answer.reference, ...money });
          expect(await returned(order)).toEqual(['refunded', amountMinor, 1]);
        }
      });

      it('is told under the key of the attempt', async (test) => {
        test.skip(!decidesLater('capture'));
        const order = await authorizedOrder();
        await capture(order);
        const about = noticed.filter(({ reference }) => reference === order.reference);
        expect(new Set(about.map(({ attemptKey }) => attemptKey))).toEqual(new Set([order.key]));
        expect(about.map(({ meaning }) => meaning.about)).toEqual(['authorize', 'capture']);
      });
    });

    describe('amounts', () => {
      it.each(CURRENCIES)(
        'in %s are in its books what was meant, or are not sent',
        async (...asked) => {
          const [currency, amountMinor] = asked;
          const { currencies } = processor.capabilities;
          const order = await preparedOrder({ currency, amountMinor });
          const outcome = await processor.authorize(order, NEVER_ABORTED);
          const [charge] = await subject.charges(order.key);
          if (currencies !== 'all' && !currencies.includes(currency)) {
            expect(outcome).toEqual({ kind: 'not_executed', evidence: 'currency_unsupported' });
            return expect(charge).toBeUndefined();
          }
          expect(outcome).toMatchObject({ kind: 'succeeded', amountMinor, currency });
          const iso = minorUnits(currency) ?? NaN;
          const digits = subject.digitsOf?.(currency) ?? iso;
          expect(charge && isSameMoney(charge.amount, digits, amountMinor, iso)).toBe(true);
          if (outcome.kind !== 'succeeded') return;
          const held = { ...order, reference: outcome.reference };
          expect(await capture(held)).toMatchObject({ kind: 'succeeded', amountMinor, currency });
          expect(await refund(refundOf(held, 1, amountMinor))).toMatchObject({
            kind: 'succeeded',
            amountMinor,
            currency,
          });
        },
      );
    });

    it('keeps the keys of an attempt within what the processor accepts', async () => {
      const longest = (of: string) => `${subject.orderPrefix ?? 'longest'}-`.padEnd(40, of);
      const order = await authorizedOrder({ key: longest('k') });
      expect(order.key).toHaveLength(40);
      expect((await capture(order)).kind).toBe('succeeded');
      const back = { ...order, refund: { key: longest('r') } };
      expect((await refund(back)).kind).toBe('succeeded');
    });
  });
}
