import { describe, expect, it } from 'vitest';
import { InvalidEventError, StoreUnavailableError } from '#event-store';
import { MemoryEventStore } from '#event-store/memory';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { ActorRuntime } from './actor.runtime.js';
import { COUNTER, type Mishap, add, gate, meta, scripted } from './counter.fixture.js';

const unavailable = (outcome: 'not_applied' | 'unknown') =>
  new StoreUnavailableError(outcome, 'the disk is full');

const refusedByStore: Mishap = () => Promise.reject(unavailable('not_applied'));
const lostBeforeWriting: Mishap = () => Promise.reject(unavailable('unknown'));
const lostAfterWriting: Mishap = async (write) => {
  await write();
  throw unavailable('unknown');
};

function started() {
  const { store, timers } = scripted();
  const runtime = new ActorRuntime(store, timers);
  const tell = (name: string, by = 1) => runtime.tell(COUNTER, 'a', add(name, by), meta(name));
  return { store, timers, runtime, tell };
}

describe('two processes on one stream', () => {
  it('lose no command and apply none twice, whoever believes to own it', async () => {
    const { store, timers } = scripted();
    const runtimes = [new ActorRuntime(store, timers), new ActorRuntime(store, timers)];
    const told = await Promise.all(
      runtimes.flatMap((runtime, who) =>
        Array.from({ length: 200 }, async (_, n) => {
          // Some come at once, others one after the other, so that batches of all sizes race.
          for (let turn = 0; turn < n % 7; turn += 1) await Promise.resolve();
          // Every tenth command is sent to both.
          const name = n % 10 === 0 ? `both${n}` : `${who}-${n}`;
          return runtime.tell(COUNTER, 'a', add(name), meta(name));
        }),
      ),
    );
    expect(told.every(({ ok }) => ok)).toBe(true);
    const names: unknown[] = [];
    for (let from = 0; from < 380; from += 100)
      for (const { data } of await store.readStream('counter-a', { from, limit: 100 }))
        names.push(data['name']);
    expect(names).toHaveLength(380);
    expect(new Set(names).size).toBe(380);
    const conflicts = store.appends.length - new Set(store.appends.map((a) => a.expected)).size;
    expect(conflicts).toBeGreaterThan(0);
  });

  it('decide again on what the other one wrote', async () => {
    const { store, timers, tell } = started();
    await tell('x', 1);
    const other = new ActorRuntime(store, timers);
    await other.tell(COUNTER, 'a', add('y', 10), meta('y'));
    expect(await tell('z', 100)).toMatchObject({ state: { total: 111 }, revision: 2 });
    expect(await tell('y', 10)).toMatchObject({ events: [] });
  });

  it('count what they decided, and how often it had to be decided again', async () => {
    const { store, timers, tell } = started();
    await tell('x', 1);
    const counted = { commands: 0, conflicts: 0 };
    const other = new ActorRuntime(store, timers, {}, null, {
      countCommands: (commands) => void (counted.commands += commands),
      countConflict: () => void (counted.conflicts += 1),
    });
    await other.tell(COUNTER, 'a', add('y'), meta('y'));
    expect(counted).toEqual({ commands: 1, conflicts: 0 });
    await tell('z', 1);
    await Promise.all(['u', 'v'].map((name) => other.tell(COUNTER, 'a', add(name), meta(name))));
    expect(counted).toEqual({ commands: 3, conflicts: 1 });
  });

  it('answer with what the other one wrote, also when they have nothing to write themselves', async () => {
    const { store, timers, tell } = started();
    await tell('x', 1);
    const other = new ActorRuntime(store, timers);
    await other.tell(COUNTER, 'a', add('y', 10), meta('y'));
    expect(await tell('x', 1)).toMatchObject({ ok: true, events: [], state: { total: 11 } });
    await other.tell(COUNTER, 'a', add('z', 100), meta('z'));
    expect(await tell('w', -1)).toMatchObject({ ok: false, state: { total: 111 }, revision: 2 });
  });

  it('that decide one command differently do not both believe that they wrote it', async () => {
    const { store, timers, tell } = started();
    const other = new ActorRuntime(store, timers);
    // Both have the stream as it was, and get the same command with another content.
    await tell('x', 1);
    await other.tell(COUNTER, 'a', add('x', 1), meta('x'));
    const both = meta('y');
    await other.tell(COUNTER, 'a', add('y', 10), both);
    const second = await tell('y', 20);
    expect(second).toMatchObject({ ok: true, events: [], state: { total: 11 } });
    expect(await store.readStream('counter-a')).toHaveLength(2);
  });
});

describe('an append whose outcome is in doubt', () => {
  it('is sent again with the same ids, and counts once when it had been written', async () => {
    const { store, timers, tell } = started();
    store.mishaps.push(lostAfterWriting);
    const answer = tell('x', 5);
    await timers.advance(10);
    expect(await answer).toMatchObject({ ok: true, state: { total: 5 }, revision: 0, position: 0 });
    expect(store.appends[1]).toEqual(store.appends[0]);
    expect(store.log.events).toHaveLength(1);
    expect(await tell('y', 1)).toMatchObject({ state: { total: 6 }, revision: 1 });
  });

  it('is sent again when it had not been written', async () => {
    const { store, timers, tell } = started();
    store.mishaps.push(lostBeforeWriting, lostBeforeWriting);
    const answer = tell('x', 5);
    await timers.advance(60);
    expect(await answer).toMatchObject({ ok: true, state: { total: 5 } });
    expect(store.log.events).toHaveLength(1);
  });

  it('that another process overtook is decided again', async () => {
    const { store, timers, tell } = started();
    store.mishaps.push(lostBeforeWriting);
    const answer = tell('x', 5);
    const other = new ActorRuntime(
      new MemoryEventStore({ clock: new VirtualClock(), timers, log: store.log }),
      timers,
    );
    await other.tell(COUNTER, 'a', add('y', 10), meta('y'));
    await timers.advance(10);
    expect(await answer).toMatchObject({ ok: true, state: { total: 15 }, revision: 1 });
  });

  it('that was written before another process went on is recognised', async () => {
    const { store, timers, tell } = started();
    store.mishaps.push(lostAfterWriting);
    const answer = tell('x', 5);
    await timers.advance(0);
    const other = new ActorRuntime(store, timers);
    await other.tell(COUNTER, 'a', add('y', 10), meta('y'));
    await timers.advance(10);
    expect(await answer).toMatchObject({ ok: true, revision: 0 });
    expect(store.log.events.map(({ data }) => data['name'])).toEqual(['x', 'y']);
    expect(await tell('z', 1)).toMatchObject({ state: { total: 16 } });
  });

  it('for too long is handed on as it is, and the command can be sent again', async () => {
    const { store, timers, tell } = started();
    store.mishaps.push(lostAfterWriting, lostBeforeWriting, lostBeforeWriting, lostBeforeWriting);
    const answer = tell('x', 5);
    const rejected = expect(answer).rejects.toMatchObject({ outcome: 'unknown' });
    await timers.advance(1_000);
    await rejected;
    expect(store.appends).toHaveLength(4);
    expect(await tell('x', 5)).toMatchObject({ ok: true, events: [], state: { total: 5 } });
  });
});

describe('a store that cannot be written', () => {
  it('rejects the commands of the batch; nothing of them is left in the state', async () => {
    const { store, tell } = started();
    await tell('x', 1);
    const { open, passed } = gate();
    store.mishaps.push((write) => passed.then(write), refusedByStore);
    const going = tell('y', 10);
    const failing = [tell('a', 100), tell('b', 100)].map((answer) =>
      expect(answer).rejects.toMatchObject({ outcome: 'not_applied' }),
    );
    open();
    await Promise.all([going, ...failing]);
    expect(await tell('z', 1)).toMatchObject({ state: { total: 12 }, revision: 2 });
  });
});

describe('an event that cannot be stored', () => {
  it('fails its own command and no other of the batch', async () => {
    const { store, tell } = started();
    const { open, passed } = gate();
    store.mishaps.push((write) => passed.then(write));
    const answers = [tell('first'), tell('a'), tell('bad', NaN), tell('b'), tell('a')];
    open();
    const settled = await Promise.allSettled(answers);
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(settled[2]).toMatchObject({ reason: expect.any(InvalidEventError) });
    expect(store.log.events.map(({ data }) => data['name'])).toEqual(['first', 'a', 'b']);
    expect(await tell('z')).toMatchObject({ state: { total: 4 } });
  });
});

describe('a decision that throws', () => {
  it('rejects its command and leaves the actor as it was', async () => {
    const { store, timers } = scripted();
    const runtime = new ActorRuntime(store, new VirtualTimers(new VirtualClock()));
    const broken = {
      ...COUNTER,
      decider: {
        ...COUNTER.decider,
        decide: (...[command, state]: Parameters<typeof COUNTER.decider.decide>) => {
          if (command.name === 'bug') throw new TypeError('a defect');
          return COUNTER.decider.decide(command, state);
        },
      },
    };
    const tell = (name: string) => runtime.tell(broken, 'a', add(name), meta(name));
    await tell('x');
    await expect(tell('bug')).rejects.toThrow('a defect');
    expect(await tell('y')).toMatchObject({ state: { total: 2 } });
    await timers.advance(0);
  });
});
