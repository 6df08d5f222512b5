import { describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '#event-store';
import { ActorRuntime } from './actor.runtime.js';
import { OverloadedError } from './actor.messages.js';
import { COUNTER, add, gate, meta, scripted } from './counter.fixture.js';

function started(limits = {}) {
  const { store, timers } = scripted();
  const runtime = new ActorRuntime(store, timers, limits);
  const tell = (name: string, by = 1, id = 'a') =>
    runtime.tell(COUNTER, id, add(name, by), meta(name));
  const total = async (id = 'a') => (await tell('refused', -1, id)).state.total;
  return { store, timers, runtime, tell, total };
}

describe('a command', () => {
  it('is answered when its events are durable, with what it caused and where', async () => {
    const { store, tell } = started();
    const told = await tell('x', 5);
    expect(told).toMatchObject({
      ok: true,
      events: [{ type: 'Added', data: { name: 'x', by: 5 } }],
      revision: 0,
      position: store.log.head,
      state: { total: 5 },
    });
    const [recorded] = await store.readStream('counter-a');
    expect(recorded).toMatchObject({
      type: 'Added',
      data: { name: 'x', by: 5 },
      metadata: {
        $correlationId: 'flow',
        $causationId: 'cause of x',
        schemaVersion: 3,
        tenant: 'tnt_1',
        actor: 'agt_1',
        traceparent: '00-1-2-01',
      },
    });
    expect(recorded?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5/);
  });

  it('that changes nothing appends nothing', async () => {
    const { store, tell } = started();
    await tell('x');
    expect(await tell('x')).toMatchObject({ ok: true, events: [], position: null, revision: 0 });
    expect(store.appends).toHaveLength(1);
  });

  it('that is refused says why, and how the stream stands', async () => {
    const { tell } = started();
    await tell('x', 2);
    expect(await tell('y', -1)).toMatchObject({
      ok: false,
      code: 'not_positive',
      revision: 0,
      state: { total: 2 },
    });
  });

  it('is decided on what earlier lives have written', async () => {
    const { store, timers, tell } = started();
    await tell('x', 2);
    const next = new ActorRuntime(store, timers);
    expect(await next.tell(COUNTER, 'a', add('x'), meta('x'))).toMatchObject({ events: [] });
    expect(await next.tell(COUNTER, 'a', add('y', 3), meta('y'))).toMatchObject({
      state: { total: 5 },
      revision: 1,
    });
  });
});

describe('commands that wait during an append', () => {
  it('are decided and appended together, each on what the one before it did', async () => {
    const { store, tell } = started();
    const { open, passed } = gate();
    store.mishaps.push((write) => passed.then(write));
    const answers = [tell('first')];
    for (let n = 0; n < 50; n += 1) answers.push(tell(`n${n}`));
    answers.push(tell('n0'), tell('no', -1));
    open();
    const told = await Promise.all(answers);
    expect(store.appends.map(({ ids }) => ids.length)).toEqual([1, 50]);
    expect(told.slice(0, 51).map(({ revision }) => revision)).toEqual([...Array(51).keys()]);
    expect(told.slice(51).map(({ ok }) => ok)).toEqual([true, false]);
    expect(new Set(store.appends.flatMap(({ ids }) => ids)).size).toBe(51);
  });

  it('are taken in batches of a bounded size', async () => {
    const { store, tell } = started({ batchMax: 20 });
    await Promise.all(Array.from({ length: 45 }, (_, n) => tell(`n${n}`)));
    expect(store.appends.map(({ ids }) => ids.length)).toEqual([1, 20, 20, 4]);
  });

  it('of other streams do not wait', async () => {
    const { store, tell } = started();
    const { open, passed } = gate();
    store.mishaps.push((write) => passed.then(write));
    const slow = tell('slow', 1, 'a');
    expect(await tell('fast', 1, 'b')).toMatchObject({ ok: true });
    open();
    expect(await slow).toMatchObject({ ok: true });
  });

  it('beyond the bound of the mailbox are refused at once, and nothing is done', async () => {
    const { store, tell, total } = started({ mailboxMax: 3 });
    const { open, passed } = gate();
    store.mishaps.push((write) => passed.then(write));
    const taken = ['a', 'b', 'c', 'd'].map((name) => tell(name));
    await expect(tell('e')).rejects.toThrow(OverloadedError);
    open();
    await Promise.all(taken);
    expect(await total()).toBe(4);
  });
});

describe('an actor', () => {
  it('that is idle is passivated beyond the bound, the longest unused first, and loses nothing', async () => {
    const { runtime, store, tell } = started({ actorsMax: 3 });
    for (const id of ['a', 'b', 'c']) await tell('x', 1, id);
    await tell('y', 1, 'a');
    await tell('x', 1, 'd');
    expect(runtime.size).toBe(3);
    let reads = 0;
    const { readStream } = store;
    store.readStream = (...asked) => {
      reads += 1;
      return readStream.apply(store, asked);
    };
    expect(await tell('z', 1, 'a')).toMatchObject({ state: { total: 3 } });
    expect(reads).toBe(0);
    expect(await tell('z', 1, 'b')).toMatchObject({ state: { total: 2 } });
    expect(reads).toBe(1);
  });

  it('that is busy is never passivated', async () => {
    const { runtime, store, tell } = started({ actorsMax: 1 });
    const { open, passed } = gate();
    store.mishaps.push((write) => passed.then(write));
    const slow = [tell('x', 1, 'a'), tell('y', 1, 'a')];
    await tell('x', 1, 'b');
    expect(runtime.size).toBe(2);
    open();
    expect((await Promise.all(slow)).map(({ state }) => state.total)).toEqual([1, 2]);
    await tell('y', 1, 'c');
    expect(runtime.size).toBe(1);
  });

  it('whose stream cannot be read rejects the command and works again afterwards', async () => {
    const { store, tell } = started();
    store.readErrors.push(new StoreUnavailableError('not_applied', 'away'));
    await expect(tell('x')).rejects.toThrow(StoreUnavailableError);
    expect(await tell('x')).toMatchObject({ ok: true, state: { total: 1 } });
  });
});
