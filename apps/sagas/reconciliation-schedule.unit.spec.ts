import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bus } from '#bus';
import type { Messages, Reconciliation } from '#contracts';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { ReconciliationSchedule } from './reconciliation-schedule.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2030, 0, 10);
const day = (date: number) => Date.UTC(2030, 0, date);

/** Remembers what was compared and recorded, as the other processes do. */
class Installation extends Bus<Messages> {
  sinceMs: number | null = day(9) + HOUR_MS;
  readonly reached = new Map<string, number>();
  readonly ran: [string, number][] = [];
  readonly recorded: Messages['commands.processor_account.record']['request'][] = [];
  outcome: Partial<Reconciliation> = {};
  processors = ['one'];
  broken = false;

  override async request<Subject extends keyof Messages & string>(
    subject: Subject,
    payload: Messages[Subject]['request'],
  ): Promise<Messages[Subject]['reply']> {
    if (this.broken) throw new Error('the bus is away');
    return this.answer(subject, payload as never) as Messages[Subject]['reply'];
  }

  private answer(subject: string, payload: Record<string, never>): unknown {
    if (subject === 'effects.processors.facts') return this.processors.map((name) => ({ name }));
    const processor: string = payload['processor'] ?? '';
    if (subject === 'queries.reconciliation.reached')
      return { reachedMs: this.reached.get(processor) ?? null, sinceMs: this.sinceMs };
    if (subject === 'effects.reconciliation.run') {
      const { window } = payload as unknown as { window: Reconciliation['window'] };
      this.ran.push([processor, window.toMs]);
      const report = { processor, window, asOfMs: window.toMs, failure: null, ours: 7, theirs: 7 };
      return { ...report, counts: {}, unexpected: 0, differences: [], ...this.outcome };
    }
    const asked = payload as unknown as Messages['commands.processor_account.record']['request'];
    this.recorded.push(asked);
    this.reached.set(processor, Date.parse(asked.summary.to));
    return { ok: true };
  }
}

let clock: VirtualClock;
let timers: VirtualTimers;
let bus: Installation;
let counted: unknown[];
let troubles: string[];
const schedules: ReconciliationSchedule[] = [];

beforeEach(() => {
  clock = new VirtualClock(START_MS);
  timers = new VirtualTimers(clock);
  bus = new Installation();
  counted = [];
  troubles = [];
});
afterEach(async () => {
  for (const schedule of schedules.splice(0)) await schedule.stop();
});

function start(self = 'a', alive = ['a']): ReconciliationSchedule {
  const trouble = { report: (message: string) => void troubles.push(message) };
  const schedule = new ReconciliationSchedule(bus, clock, timers, trouble);
  const counts = { countDifferences: (...seen: unknown[]) => void counted.push(seen) };
  schedule.start({ self, alive: () => alive }, { intervalMs: DAY_MS, counts });
  schedules.push(schedule);
  return schedule;
}

describe('the schedule', () => {
  it('compares each day once, an hour after it, from the day of the first attempt on', async () => {
    start();
    await timers.advance(HOUR_MS - 1);
    expect(bus.ran).toEqual([]);
    await timers.advance(60_000);
    expect(bus.ran).toEqual([['one', day(10)]]);
    await timers.advance(DAY_MS);
    expect(bus.ran).toEqual([
      ['one', day(10)],
      ['one', day(11)],
    ]);
  });

  it('has nothing to compare before the first attempt', async () => {
    bus.sinceMs = null;
    start();
    await timers.advance(3 * DAY_MS);
    expect(bus.ran).toEqual([]);
  });

  it('goes on where the last comparison ended, whoever made it, a day at a time', async () => {
    bus.reached.set('one', day(7));
    start();
    await timers.advance(2 * HOUR_MS);
    expect(bus.ran.map(([, toMs]) => toMs)).toEqual([day(8), day(9), day(10)]);
  });

  it('records what each came to, under a name that two processes would give it alike', async () => {
    bus.outcome = { counts: { missing_here: 2, state: 1 }, unexpected: 2 };
    start();
    await timers.advance(2 * HOUR_MS);
    expect(bus.recorded).toMatchObject([
      {
        commandId: 'reconciliation/one/2030-01-10T00:00:00.000Z',
        processor: 'one',
        summary: {
          ...{ from: '2030-01-09T00:00:00.000Z', to: '2030-01-10T00:00:00.000Z' },
          ...{ ours: 7, theirs: 7, differences: { missing_here: 2, state: 1 }, unexpected: 2 },
        },
      },
    ]);
    expect(counted).toEqual([['one', { expected: 1, unexpected: 2 }]]);
    expect(troubles).toEqual([
      '2 differences to look at, bursar reconcile --processor one --from 2030-01-09T00:00:00.000Z --to 2030-01-10T00:00:00.000Z',
    ]);
  });

  it('says nothing of differences that end by themselves', async () => {
    bus.outcome = { counts: { state: 1 }, unexpected: 0 };
    start();
    await timers.advance(2 * HOUR_MS);
    expect(troubles).toEqual([]);
  });

  it('tries a day again until its books can be read, and says once why not', async () => {
    bus.outcome = { failure: 'report_not_there' };
    start();
    await timers.advance(2 * HOUR_MS);
    expect(bus.ran.length).toBeGreaterThan(10);
    expect(bus.recorded).toEqual([]);
    expect(troubles).toEqual(['the books of one could not be read']);
    bus.outcome = {};
    await timers.advance(60_000);
    expect(bus.recorded).toHaveLength(1);
  });

  it('goes on when nobody answers for a while', async () => {
    bus.broken = true;
    start();
    await timers.advance(2 * HOUR_MS);
    expect(troubles).toEqual(['nothing is reconciled for now']);
    bus.broken = false;
    await timers.advance(60_000);
    expect(bus.recorded).toHaveLength(1);
  });

  it('is shared out: each processor is compared by one of several processes', async () => {
    bus.processors = ['one', 'two', 'three', 'four', 'five', 'six'];
    for (const self of ['a', 'b', 'c']) start(self, ['a', 'b', 'c']);
    await timers.advance(2 * HOUR_MS);
    expect(bus.ran.map(([name]) => name).sort()).toEqual([...bus.processors].sort());
  });

  it('ends at once', async () => {
    await start().stop();
    await timers.advance(DAY_MS);
    expect(bus.ran).toEqual([]);
  });
});
