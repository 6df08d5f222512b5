import { faultsFound } from '../process/books.verdict.js';
import type { Purchase } from '../process/buyer.js';
import type { Buyers } from './buyers.js';
import type { ClusterStage } from './cluster.stage.js';

/** Ends the buying and names everything that is wrong with it, in answers, books, ledger, mandate and reservations. */
export async function verdictOn(
  stage: ClusterStage,
  buyers: Buyers,
  others: readonly Purchase[] = [],
): Promise<string[]> {
  await buyers.stop();
  const purchases = [...buyers.journeys.map(({ bought }) => bought), ...others];
  return [...buyers.faults, ...(await judged(stage, purchases))];
}

/** What does not come to rest is a fault like any other. */
export async function judged(
  stage: ClusterStage,
  purchases: readonly Purchase[],
): Promise<string[]> {
  try {
    return await faultsFound(stage, purchases);
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}
