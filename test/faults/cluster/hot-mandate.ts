import { inParallel } from '../../support/load.js';
import { plainPurchase } from '../process/buyer.js';
import { beginJourney, travel, type Journey } from './buyers.js';
import type { ClusterStage } from './cluster.stage.js';

/** What everybody hears for whom there is no room. */
const REFUSED = 'mandate_limit_exceeded';

/** So many who ask every second would be the load, and not their payments. */
const PATIENT = { prefer: 'wait=30', concludesWithinMs: 600_000 };

export interface HotReport {
  journeys: Journey[];
  /** How many purchases ended in each way: succeeded, or the code of the refusal. */
  ended: Record<string, number>;
  seconds: number;
  commands: number;
  conflicts: number;
  faults: string[];
}

/** What a mandate must allow for so many of the payments below, and not for one more. */
export function roomFor(payments: number): number {
  return payments * plainPurchase('any').request.amount;
}

/** All at once against one mandate that has room for some: exactly those succeed, and all others are refused for the budget. */
export async function rushHotMandate(
  stage: ClusterStage,
  { payments, room, seed }: { payments: number; room: number; seed: number },
): Promise<HotReport> {
  const before = await countsOf(stage);
  const beganMs = performance.now();
  const journeys = Array.from({ length: payments }, (_, n) =>
    beginJourney(plainPurchase(`hot-${seed}-${n}`)),
  );
  const faults = (
    await inParallel(journeys, payments, (each) => travel(stage, each, PATIENT))
  ).flat();
  const seconds = (performance.now() - beganMs) / 1_000;
  const after = await countsOf(stage);
  const ended: Record<string, number> = {};
  for (const each of journeys) ended[endOf(each)] = (ended[endOf(each)] ?? 0) + 1;
  const wanted: Record<string, number> = { succeeded: room, [REFUSED]: payments - room };
  for (const end of new Set([...Object.keys(ended), ...Object.keys(wanted)]))
    if ((ended[end] ?? 0) !== (wanted[end] ?? 0))
      faults.push(`${ended[end] ?? 0} payments ended as ${end}, not ${wanted[end] ?? 0}`);
  return {
    journeys,
    ended,
    seconds,
    commands: after.commands - before.commands,
    conflicts: after.conflicts - before.conflicts,
    faults,
  };
}

function endOf({ last }: Journey): string {
  const { status, code } = (last?.body ?? {}) as { status?: unknown; code?: string };
  return last?.status === 201 ? String(status) : (code ?? 'nothing');
}

/** Of all processes of the write side together. */
async function countsOf({
  cluster,
}: ClusterStage): Promise<{ commands: number; conflicts: number }> {
  const texts = await Promise.all(
    cluster.of('commands').map(async ({ url }) => (await fetch(`${url}/metrics`)).text()),
  );
  const sum = (name: string) =>
    texts.reduce((total, text) => {
      const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
      if (value === undefined) throw new Error(`nobody counts ${name}`);
      return total + Number(value);
    }, 0);
  return {
    commands: sum('bursar_commands_total'),
    conflicts: sum('bursar_command_conflicts_total'),
  };
}
