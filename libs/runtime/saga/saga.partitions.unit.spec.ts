import { describe, expect, it } from 'vitest';
import { MemoryMembers, VirtualClock, VirtualTimers } from '#platform/memory';
import { type SagaPartition, SagaPartitions } from './saga.partitions.js';

const PARTITIONS = Array.from({ length: 16 }, (_, number) => ({
  name: `share-${number}`,
  streamPrefixes: [`payment_intent-${number}`],
}));

/** Saga processes that see each other come and go when the test says so. */
function processes(...names: string[]) {
  const timers = new VirtualTimers(new VirtualClock());
  const followed = new Map<string, string[]>();
  const failures: string[] = [];
  const troubles: string[] = [];
  const started = names.map((name) => {
    const members = new MemoryMembers(name, names);
    const partitions = new SagaPartitions(PARTITIONS, {
      members,
      timers,
      follow: async ({ name: share }: SagaPartition) => {
        const failure = failures.shift();
        if (failure !== undefined) throw new Error(failure);
        followed.set(share, [...(followed.get(share) ?? []), name]);
        const stop = async () => {
          const others = followed.get(share)?.filter((each) => each !== name) ?? [];
          followed.set(share, others);
        };
        return { open: 1, stop };
      },
      onTrouble: (message) => troubles.push(message),
    });
    partitions.start();
    return { members, partitions };
  });
  return { timers, followed, failures, troubles, started };
}

const ONCE_EACH = PARTITIONS.map(() => 1);

describe('the shares of the streams', () => {
  it('are all followed, each by one, where everybody knows everybody', async () => {
    const { timers, followed, started } = processes('a', 'b', 'c');
    await timers.advance(0);
    expect([...followed.values()].map(({ length }) => length)).toEqual(ONCE_EACH);
    for (const { partitions } of started) {
      expect(partitions.own.length).toBeGreaterThan(0);
      expect(partitions.open).toBe(partitions.own.length);
    }
  });

  it('of one that died are taken over by the others, and given back when it returns', async () => {
    const { timers, followed, started } = processes('a', 'b');
    await timers.advance(0);
    const [a, b] = started;
    const before = b?.partitions.own;
    await a?.partitions.stop();
    b?.members.become('b');
    await timers.advance(0);
    expect(b?.partitions.own).toEqual(PARTITIONS.map(({ name }) => name));
    expect([...followed.values()].flat()).toEqual(PARTITIONS.map(() => 'b'));
    b?.members.become('a', 'b');
    await timers.advance(0);
    expect(b?.partitions.own).toEqual(before);
  });

  it('may have two owners while the processes disagree, and have one when they agree', async () => {
    const { timers, followed, started } = processes('a', 'b');
    for (const { members } of started) members.become(members.self);
    await timers.advance(0);
    expect([...followed.values()].map(({ length }) => length)).toEqual(PARTITIONS.map(() => 2));
    for (const { members } of started) members.become('a', 'b');
    await timers.advance(0);
    expect([...followed.values()].map(({ length }) => length)).toEqual(ONCE_EACH);
  });

  it('that cannot be followed yet are tried again, and the trouble is told', async () => {
    const { timers, followed, failures, troubles } = processes('a');
    failures.push('the log is away', 'the log is away');
    await timers.advance(0);
    expect(troubles).toHaveLength(2);
    expect(followed.size).toBe(PARTITIONS.length - 2);
    await timers.advance(1_000);
    expect(followed.size).toBe(PARTITIONS.length);
  });

  it('are not waited for when they are not wanted any more', async () => {
    const { timers, failures, started } = processes('a');
    failures.push(...PARTITIONS.map(() => 'the log is away'));
    await timers.advance(0);
    let ended = false;
    void started[0]?.partitions.stop().then(() => (ended = true));
    await timers.advance(0);
    expect(ended).toBe(true);
  });

  it('are begun again only once they have ended, however often the members change', async () => {
    const { timers, followed, started } = processes('a');
    await timers.advance(0);
    const [a] = started;
    for (let time = 0; time < 5; time += 1) {
      a?.members.become('b');
      a?.members.become('a');
    }
    await timers.advance(0);
    expect([...followed.values()].map(({ length }) => length)).toEqual(ONCE_EACH);
  });
});
