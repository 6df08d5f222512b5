import { beforeEach, describe, expect, it } from 'vitest';
import type { ReservationCall, ReservationOutcome } from '#domain';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { ReservationDesk } from './reservation.desk.js';
import { ReservationProvider } from './reservation.port.js';

const CALL: ReservationCall = {
  participant: 'warehouse',
  key: 'k-1',
  items: [{ sku: 'B-1', quantity: 2 }],
  payee: 'acme-books',
  orderReference: 'PO-1',
  reference: null,
};
const DONE: ReservationOutcome = { kind: 'done', reference: 'r-1' };

class ScriptedProvider extends ReservationProvider {
  readonly asked: [string, ReservationCall][] = [];
  aborted = false;

  constructor(
    readonly participant: string,
    private readonly answer: () => Promise<ReservationOutcome>,
  ) {
    super();
  }

  private note(step: string, call: ReservationCall, signal: AbortSignal) {
    this.asked.push([step, call]);
    signal.addEventListener('abort', () => (this.aborted = true));
    return this.answer();
  }

  reserve = (call: ReservationCall, signal: AbortSignal) => this.note('reserve', call, signal);
  confirm = (call: ReservationCall, signal: AbortSignal) => this.note('confirm', call, signal);
  release = (call: ReservationCall, signal: AbortSignal) => this.note('release', call, signal);
}

let timers: VirtualTimers;

beforeEach(() => {
  timers = new VirtualTimers(new VirtualClock());
});

describe('a reservation desk', () => {
  it.each(['reserve', 'confirm', 'release'] as const)(
    'passes %s to the participant that is named, and its answer back',
    async (operation) => {
      const warehouse = new ScriptedProvider('warehouse', async () => DONE);
      const other = new ScriptedProvider('other', async () => DONE);
      const desk = new ReservationDesk([other, warehouse], timers);
      expect(await desk.call(operation, CALL)).toEqual(DONE);
      expect(warehouse.asked).toEqual([[operation, CALL]]);
      expect(other.asked).toEqual([]);
      expect(timers.nextDueMs()).toBeUndefined();
    },
  );

  it.each(['nobody', '__proto__', 'constructor'])(
    'refuses the participant %s, whom it does not know',
    async (participant) => {
      const desk = new ReservationDesk([], timers);
      expect(await desk.call('reserve', { ...CALL, participant })).toEqual({
        kind: 'refused',
        code: 'participant_unknown',
      });
    },
  );

  it('asks the later one of two providers for the same participant', async () => {
    const [first, second] = [1, 2].map(() => new ScriptedProvider('warehouse', async () => DONE));
    await new ReservationDesk([first!, second!], timers).call('reserve', CALL);
    expect([first!.asked.length, second!.asked.length]).toEqual([0, 1]);
  });

  it('waits two seconds for an answer, then knows nothing and tells the provider to stop', async () => {
    const silent = new ScriptedProvider('warehouse', () => new Promise(() => {}));
    const outcome = new ReservationDesk([silent], timers).call('reserve', CALL);
    await timers.advance(1_999);
    expect(silent.aborted).toBe(false);
    await timers.advance(1);
    expect(await outcome).toEqual({ kind: 'unknown', evidence: 'timeout' });
    expect(silent.aborted).toBe(true);
  });

  it('knows nothing after a provider that fails, at once or later', async () => {
    const rejecting = () => Promise.reject(new Error('defect'));
    const throwing = () => {
      throw new Error('defect');
    };
    for (const answer of [rejecting, throwing]) {
      const desk = new ReservationDesk([new ScriptedProvider('warehouse', answer)], timers);
      expect(await desk.call('release', CALL)).toEqual({
        kind: 'unknown',
        evidence: 'provider_failed',
      });
    }
    expect(timers.nextDueMs()).toBeUndefined();
  });
});
