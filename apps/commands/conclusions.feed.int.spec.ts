import { expect, it } from 'vitest';
import { MemoryEventStore } from '#event-store/memory';
import { SeededRandom, VirtualClock, VirtualTimers } from '#platform/memory';
import { ConclusionsFeed } from './conclusions.feed.js';
import { Conclusions } from './conclusions.js';

const STREAM = 'payment_intent-a';

it.each([
  ['RequestConcluded', {}, ['a']],
  ['OperationConcluded', { operation: 'capture' }, ['capture']],
  ['ApprovalRequested', {}, ['a', 'capture']],
  ['PaymentCaptured', {}, []],
])('after %s of another process, whoever waits for that looks again', async (type, data, woken) => {
  const clock = new VirtualClock();
  const timers = new VirtualTimers(clock);
  const store = new MemoryEventStore({ clock, timers });
  const conclusions = new Conclusions(timers);
  const feed = new ConclusionsFeed(store, conclusions);
  const metadata = { $correlationId: 'flow', $causationId: 'cause', schemaVersion: 1 };
  const id = new SeededRandom('feed').uuid();
  feed.start();
  const looks: string[] = [];
  for (const operation of ['a', 'capture', 'b']) {
    const payment = operation === 'b' ? 'b' : 'a';
    void conclusions.wait(operation, payment, 60_000).conclusion.then(() => looks.push(operation));
  }
  await store.append(STREAM, 'no_stream', [{ id, type, data, metadata }]);
  await timers.advance(0);
  expect(looks).toEqual(woken);
  await feed.stop();
});
