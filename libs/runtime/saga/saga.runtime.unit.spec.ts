import { describe, expect, it } from 'vitest';
import { OUTAGE, eventsOf, life, world } from './saga.fixture.js';

describe('deliveries', () => {
  it('of one stream come one at a time and in order, those of other streams at once', async () => {
    const here = world();
    const { append } = here;
    const { delivered, acknowledge } = await life(here);
    await append('a', 'One', 'Two', 'Three');
    await append('b', 'One');
    expect(delivered).toEqual(['a/One', 'b/One']);
    await acknowledge('a/One');
    expect(delivered).toEqual(['a/One', 'b/One', 'a/Two']);
    await acknowledge('b/One', 'a/Two', 'a/Three');
    expect(delivered.at(-1)).toBe('a/Three');
  });

  it('of a slow stream hold up nobody, not even a thousand others', async () => {
    const here = world();
    const { runtime, delivered, acknowledge } = await life(here);
    await here.append('slow', 'One', 'Two');
    for (let n = 0; n < 1_000; n += 1) await here.append(`s${n}`, 'One', 'Two');
    for (let n = 0; n < 1_000; n += 1) await acknowledge(`s${n}/One`, `s${n}/Two`);
    expect(delivered).toHaveLength(2_001);
    expect(runtime.open).toBe(2);
    await acknowledge('slow/One', 'slow/Two');
    expect(runtime.open).toBe(0);
  });

  it('that no saga claims are done at once, however many wait behind a slow one', async () => {
    const here = world();
    const waiting: { acknowledge: () => void }[] = [];
    let seen = 0;
    const { runtime } = await life(
      here,
      {},
      {
        publish: (delivery) => {
          seen += 1;
          if (delivery.event.type !== 'Slow') return;
          delivery.claim();
          waiting.push(delivery);
        },
      },
    );
    await here.append('a', 'Slow');
    for (let n = 0; n < 12; n += 1) await here.append('a', ...Array<string>(400).fill('Other'));
    expect(runtime.open).toBe(4_801);
    waiting[0]?.acknowledge();
    await here.timers.advance(0);
    expect([seen, runtime.open]).toEqual([4_801, 0]);
  });

  it('acknowledged twice, or acknowledged and then refused, count once', async () => {
    const here = world();
    const { open, delivered } = await life(here);
    await here.append('a', 'One', 'Two');
    const first = open.get('a/One');
    first?.acknowledge();
    first?.refuse(new Error('late'));
    first?.acknowledge();
    await here.timers.advance(60_000);
    expect(delivered).toEqual(['a/One', 'a/Two']);
  });

  it('of other streams than those asked for do not come', async () => {
    const here = world();
    const { delivered } = await life(here);
    await here.appendTo('mandate-m', 'One');
    await here.append('a', 'One');
    expect(delivered).toEqual(['a/One']);
  });

  it('beyond the bound are not read from the log until there is room', async () => {
    const here = world();
    const { runtime, delivered, acknowledge } = await life(here, { openMax: 3 });
    for (const stream of ['a', 'b', 'c', 'd', 'e']) await here.append(stream, 'One');
    expect(delivered).toEqual(['a/One', 'b/One', 'c/One']);
    expect(runtime.open).toBe(3);
    await acknowledge('b/One');
    expect(delivered.at(-1)).toBe('d/One');
    await acknowledge('a/One', 'c/One', 'd/One');
    await acknowledge('e/One');
    expect(runtime.open).toBe(0);
  });

  it('asked for by an operator come once more, as repeats, outside the checkpoint', async () => {
    const here = world();
    const { runtime, delivered, acknowledge } = await life(here);
    await here.append('a', 'One');
    await acknowledge('a/One');
    const [event] = await eventsOf(here, 'a');
    let done = false;
    runtime.redeliver(event!, () => (done = true));
    expect(delivered).toEqual(['a/One', 'a/One!']);
    expect([done, runtime.open]).toEqual([false, 0]);
    await acknowledge('a/One');
    expect(done).toBe(true);
  });
});

describe('a delivery that fails', () => {
  it('comes again as a repeat, later and later', async () => {
    const here = world();
    const { delivered, refuse } = await life(here, { retryFirstMs: 50, retryMaxMs: 150 });
    await here.append('a', 'One');
    const gaps: number[] = [];
    for (let tries = 1; tries < 5; tries += 1) {
      await refuse('a/One');
      const from = here.clock.now();
      while (delivered.length === tries) await here.timers.advance(1);
      gaps.push(here.clock.now() - from);
    }
    expect(gaps).toEqual([50, 100, 150, 150]);
    expect(delivered).toEqual(['a/One', 'a/One!', 'a/One!', 'a/One!', 'a/One!']);
  });

  it('holds up its own stream and no other', async () => {
    const here = world();
    const { delivered, refuse, acknowledge } = await life(here);
    await here.append('a', 'One', 'Two');
    await refuse('a/One');
    await here.append('b', 'One');
    await acknowledge('b/One');
    await here.timers.advance(50);
    expect(delivered).toEqual(['a/One', 'b/One', 'a/One!']);
    await acknowledge('a/One');
    expect(delivered.at(-1)).toBe('a/Two');
  });

  it('for good is parked durably, and only then the stream goes on', async () => {
    const here = world();
    let stored = () => {};
    const attempts: unknown[] = [];
    const { delivered, refuse, troubles } = await life(
      here,
      { triesMax: 2 },
      {
        park: (what) => {
          attempts.push(what);
          return new Promise((resolve) => (stored = resolve));
        },
      },
    );
    await here.append('a', 'One', 'Two');
    await refuse('a/One');
    await here.timers.advance(50);
    await refuse('a/One', new TypeError('a defect'));
    expect(attempts).toMatchObject([
      { event: { type: 'One' }, tries: 2, error: 'TypeError: a defect' },
    ]);
    expect(troubles).toHaveLength(2);
    await here.timers.advance(60_000);
    expect(delivered).toEqual(['a/One', 'a/One!']);
    stored();
    await here.timers.advance(0);
    expect(delivered.at(-1)).toBe('a/Two');
  });

  it('and cannot be parked is parked later, again and again, and never lost', async () => {
    const here = world();
    let left = 3;
    const { runtime, delivered, refuse, troubles } = await life(
      here,
      { triesMax: 1, retryMaxMs: 100 },
      { park: () => (left-- > 0 ? Promise.reject(OUTAGE) : Promise.resolve()) },
    );
    await here.append('a', 'One', 'Two');
    await refuse('a/One');
    await here.timers.advance(250);
    expect([delivered.length, runtime.open]).toEqual([1, 2]);
    await here.timers.advance(50);
    expect(delivered.at(-1)).toBe('a/Two');
    expect(troubles.filter((message) => message.includes('could not be parked'))).toHaveLength(3);
  });

  it('because something is away waits as long as that lasts and is never parked', async () => {
    const here = world();
    const { parked, delivered, refuse, acknowledge, troubles } = await life(here, {
      triesMax: 2,
      retryMaxMs: 100,
    });
    await here.append('a', 'One');
    for (let n = 0; n < 50; n += 1) {
      await refuse('a/One', OUTAGE);
      await here.timers.advance(100);
    }
    expect(delivered).toHaveLength(51);
    await refuse('a/One', new Error('its own fault'));
    await here.timers.advance(100);
    expect(parked).toEqual([]);
    expect(troubles).toHaveLength(1);
    await acknowledge('a/One');
  });
});
