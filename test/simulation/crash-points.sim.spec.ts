import { Logger } from '@nestjs/common';
import { beforeAll, describe, expect, it } from 'vitest';
import { FLOWS, type Flow } from './crash-points.flows.js';
import {
  NO_CRASH,
  type Played,
  crashedOnceMore,
  play,
  pointOf,
  reproduction,
} from './crash-points.js';

const [SUCCESS] = FLOWS as readonly [Flow];

async function allCrashesOf(flow: Flow): Promise<Played[]> {
  const all: Played[] = [];
  for await (const played of crashedOnceMore(flow, await play(flow, NO_CRASH))) all.push(played);
  return all;
}

beforeAll(() => Logger.overrideLogger(false));

describe.each(FLOWS.map((flow) => [flow.name, flow] as const))('the flow "%s"', (_, flow) => {
  it('goes the way it is named for when nothing crashes', async () => {
    const { findings, ends, recorded } = await play(flow, NO_CRASH);
    expect(findings).toEqual([]);
    expect(ends).toEqual(flow.ends);
    expect([...recorded]).toEqual(expect.arrayContaining([...flow.passes]));
  });

  it('breaks no rule and ends alike, wherever the process crashes', async () => {
    const broken = (await allCrashesOf(flow))
      .filter(({ findings }) => findings.length > 0)
      .map(({ findings, crashes }) => [reproduction(flow, crashes), ...findings]);
    expect(broken).toEqual([]);
  });
});

describe('the crash points', () => {
  it('let an append that outlives its process get there, and get lost', async () => {
    const fates = new Map<string, boolean[]>();
    for (const { crashes } of await allCrashesOf(SUCCESS)) {
      const [fate] = crashes.arrivals;
      const point = JSON.stringify(crashes.points);
      if (fate !== undefined) fates.set(point, [...(fates.get(point) ?? []), fate]);
    }
    expect(fates.size).toBeGreaterThan(0);
    for (const both of fates.values()) expect(new Set(both)).toEqual(new Set([true, false]));
  });

  it('of a second life are found by crashing the first', async () => {
    const points = [pointOf('20')];
    const { lives } = await play(SUCCESS, { points, arrivals: [] });
    expect(lives[0]).toContainEqual(points[0]);
    expect(lives[1]?.length).toBeGreaterThan(0);
  });

  it('tell when a payment ends in another way', async () => {
    const { findings } = await play({ ...SUCCESS, ends: ['canceled'] }, NO_CRASH);
    expect(findings).toEqual([`ends as ${JSON.stringify(SUCCESS.ends)}`]);
  });
});
