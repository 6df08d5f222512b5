import { type SavedAnswer, restoreAnswers, saveAnswers } from '../shared/operation.js';
import type { SnapshotForm } from '../shared/snapshot.js';
import type { AgentState } from './agent.decider.js';

type SavedAgent = Omit<AgentState, 'keys' | 'answers'> & {
  keys: [string, 'active' | 'revoked'][];
  answers: SavedAnswer[];
};

export const agentSnapshot: SnapshotForm<AgentState> = {
  version: 1,
  every: ({ answers }) => Math.max(1_000, answers.size / 4),
  save: ({ keys, answers, ...facts }) => ({
    ...facts,
    keys: [...keys],
    answers: saveAnswers(answers),
  }),
  restore(saved) {
    const { keys, answers, ...facts } = saved as unknown as SavedAgent;
    return { ...facts, keys: new Map(keys), answers: restoreAnswers(answers) };
  },
};
