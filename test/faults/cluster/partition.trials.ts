import type { ClusterProcess } from '../../support/cluster.process.js';
import { drawSpan, endure, type Span, type Trial } from './outages.run.js';
import type { Engine } from './ways.js';

/** Those who have nothing to do with the log cannot be cut off from it. */
const WITH_LOG: readonly string[] = ['commands', 'sagas', 'queries'];
const BREAKS = ['cut', 'blackhole'] as const;

export interface PartitionPlan {
  /** From which server somebody is cut off, one after the other. */
  engines: readonly Engine[];
  lasts: Span;
}

/** Cuts one process after the other off from a server under load: with resets, or in silence. */
export async function partitionTrials(
  trial: Trial,
  { engines, lasts }: PartitionPlan,
): Promise<void> {
  const { stage, random } = trial;
  for (const engine of engines) {
    const { name } = random.pick(stage.cluster.processes.filter((each) => goesTo(engine, each)));
    const way = stage.ways.to(engine, name);
    const how = random.pick(BREAKS);
    await endure(trial, {
      name: `${name} from ${engine}, ${how}`,
      lastsMs: drawSpan(random, lasts),
      break: way[how],
      mend: way.pass,
    });
  }
}

function goesTo(engine: Engine, { role }: ClusterProcess): boolean {
  return engine === 'nats' || WITH_LOG.includes(role);
}
