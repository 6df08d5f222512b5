import type { ClusterProcess } from '../../support/cluster.process.js';
import { drawSpan, endure, type Span, type Trial } from './outages.run.js';

export interface KillPlan {
  /** Whose turn it is, one after the other. */
  victims: readonly ClusterProcess[];
  /** How long each stays dead. */
  dead: Span;
}

/** Kills one process after the other under load, each time with all others there. */
export async function killTrials(trial: Trial, { victims, dead }: KillPlan): Promise<void> {
  for (const victim of victims) {
    const lastsMs = drawSpan(trial.random, dead);
    await endure(trial, {
      name: victim.name,
      lastsMs,
      break: victim.kill9,
      mend: victim.start,
    });
  }
}
