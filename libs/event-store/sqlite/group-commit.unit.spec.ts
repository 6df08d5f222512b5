import { expect, it } from 'vitest';
import { VirtualClock } from '#platform/memory';
import { GROUP_LIMITS, GroupCommit } from './group-commit.js';
import type { LogOutcome, LogWrite } from './log.write.js';

const write: LogWrite = { kind: 'tombstone', stream: 'agent-1' };

/** A writer that holds every batch until it is told to answer. */
function heldWriter() {
  const batches: { writes: readonly LogWrite[]; answer: () => void }[] = [];
  const commit = (writes: readonly LogWrite[]) =>
    new Promise<LogOutcome[]>((resolve) => {
      const answer = () => resolve(writes.map(() => ({ kind: 'marked' })));
      batches.push({ writes, answer });
    });
  return { batches, commit };
}

async function answerAll(held: ReturnType<typeof heldWriter>): Promise<void> {
  for (let index = 0; index < held.batches.length; index++) {
    held.batches[index]?.answer();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

it('gathers what comes during a commit into the next one, up to a limit', async () => {
  const held = heldWriter();
  const group = new GroupCommit(held, new VirtualClock(), () => {});
  const first = group.submit(write);
  await new Promise((resolve) => setImmediate(resolve));
  const later = Array.from({ length: GROUP_LIMITS.batchWrites + 1 }, () => group.submit(write));
  await answerAll(held);
  await Promise.all([first, ...later]);
  expect(held.batches.map(({ writes }) => writes.length)).toEqual([1, GROUP_LIMITS.batchWrites, 1]);
});

it('answers only after the commit, and after the batch was announced', async () => {
  const held = heldWriter();
  const order: string[] = [];
  const group = new GroupCommit(held, new VirtualClock(), () => void order.push('announced'));
  const answered = group.submit(write).then(() => order.push('answered'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual([]);
  await answerAll(held);
  await answered;
  expect(order).toEqual(['announced', 'answered']);
});

it('refuses more than may wait, as not applied, and takes some again when there is room', async () => {
  const held = heldWriter();
  const group = new GroupCommit(held, new VirtualClock(), () => {});
  const accepted = Array.from({ length: GROUP_LIMITS.waitingWrites }, () => group.submit(write));
  expect(await group.submit(write)).toMatchObject({ outcome: 'not_applied' });
  await answerAll(held);
  await Promise.all(accepted);
  const again = group.submit(write);
  await new Promise((resolve) => setImmediate(resolve));
  held.batches.at(-1)?.answer();
  expect(await again).toEqual({ kind: 'marked' });
});
