import { expect, it } from 'vitest';
import { replay } from '../shared/decider.js';
import type { JsonRecord } from '../shared/json.js';
import { webhookEndpointDecider } from './webhook-endpoint.decider.js';
import { REGISTER, after, by, record, tried } from './webhook-endpoint.fixture.js';
import { webhookEndpointSnapshot } from './webhook-endpoint.snapshot.js';

it('a snapshot of a webhook endpoint holds all there is of it', () => {
  const { history } = after(
    REGISTER,
    { type: 'RotateWebhookSecret', ...by('rotate'), secret: 's2' },
    record(2, tried(1, 500, 0), tried(2, 200, 0)),
    { type: 'DisableWebhookEndpoint', ...by('disable') },
  );
  for (let length = 0; length <= history.length; length += 1) {
    const state = replay(webhookEndpointDecider, history.slice(0, length));
    const text = JSON.stringify(webhookEndpointSnapshot.save(state));
    expect(webhookEndpointSnapshot.restore(JSON.parse(text) as JsonRecord)).toEqual(state);
  }
});
