import { SeededRandom, VirtualClock } from '#platform/memory';
import { describeVault } from '../vault.contract.js';
import { MemoryVault } from './index.js';

describeVault('in memory', async () => {
  const clock = new VirtualClock();
  const vault = new MemoryVault(clock, new SeededRandom(1));
  return { vault, clock, stop: async () => undefined };
});
