import { type SavedAnswer, restoreAnswers, saveAnswers } from '../shared/operation.js';
import type { SnapshotForm } from '../shared/snapshot.js';
import type { OpenDelivery, WebhookEndpointState } from './webhook-endpoint.state.js';

type SavedEndpoint = Omit<WebhookEndpointState, 'open' | 'answers'> & {
  open: OpenDelivery[];
  answers: SavedAnswer[];
};

export const webhookEndpointSnapshot: SnapshotForm<WebhookEndpointState> = {
  version: 1,
  every: ({ answers, open }) => Math.max(1_000, answers.size / 4, open.size),
  save: ({ open, answers, secrets, ...facts }) => ({
    ...facts,
    secrets: secrets.map((secret) => ({ ...secret })),
    open: [...open.values()].map((delivery) => ({ ...delivery })),
    answers: saveAnswers(answers),
  }),
  restore(saved) {
    const { open, answers, ...facts } = saved as unknown as SavedEndpoint;
    return {
      ...facts,
      open: new Map(open.map((delivery) => [delivery.event, delivery])),
      answers: restoreAnswers(answers),
    };
  },
};
