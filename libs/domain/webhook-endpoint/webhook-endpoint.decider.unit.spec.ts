import { describe, expect, it } from 'vitest';
import type { WebhookEndpointCommand } from './webhook-endpoint.decider.js';
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  REGISTER,
  after,
  at,
  by,
  record,
  tried,
} from './webhook-endpoint.fixture.js';
import { signingSecrets, webhookDuties } from './webhook-endpoint.state.js';

const rotate = (secret: string, afterMs: number): WebhookEndpointCommand => ({
  type: 'RotateWebhookSecret',
  ...by(`rotate ${secret}`, afterMs),
  secret,
});
const enable = (afterMs: number): WebhookEndpointCommand => ({
  type: 'EnableWebhookEndpoint',
  ...by(`enable ${afterMs}`, afterMs),
});
const disable = (afterMs: number): WebhookEndpointCommand => ({
  type: 'DisableWebhookEndpoint',
  ...by(`disable ${afterMs}`, afterMs),
});
const REMOVE: WebhookEndpointCommand = { type: 'DeleteWebhookEndpoint', ...by('delete') };
const resend = (number: number, afterMs: number): WebhookEndpointCommand => ({
  type: 'ResendWebhook',
  ...by(`resend ${number} ${afterMs}`, afterMs),
  ...{ event: `evt_${number}`, position: number },
});
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe('a webhook endpoint', () => {
  it('is registered with the name of its secret, and is enabled', () => {
    const told = after(REGISTER);
    expect(told.events[0]).toEqual({
      type: 'WebhookEndpointRegistered',
      data: {
        ...{ id: 'whe_1', tenant: 'tnt_1', agent: null, url: 'https://x.example/' },
        ...{ description: null, secret: 's1', by: 'operator-1', at: at(0) },
      },
    });
    expect(told.types).toEqual(['WebhookEndpointRegistered', 'OperationConcluded']);
    expect(webhookDuties(told.state, 10)).toEqual({
      ...{ status: 'enabled', upTo: null, takesNew: true, due: [] },
    });
    expect(after(REGISTER, { ...REGISTER, ...by('other') } as never).outcome).toBe(
      'invalid_transition',
    );
  });

  it('signs with the secret before as well for a day after a rotation', () => {
    const { state } = after(REGISTER, rotate('s2', HOUR_MS), rotate('s3', 2 * HOUR_MS));
    const signs = (afterMs: number) => signingSecrets(state, at(afterMs));
    expect(signs(2 * HOUR_MS)).toEqual(['s3', 's2', 's1']);
    expect(signs(HOUR_MS + DAY_MS - 1)).toEqual(['s3', 's2', 's1']);
    expect(signs(HOUR_MS + DAY_MS)).toEqual(['s3', 's2']);
    expect(signs(2 * HOUR_MS + DAY_MS)).toEqual(['s3']);
  });

  it('signs with four secrets at most, however often it is rotated', () => {
    const { state } = after(REGISTER, ...range(2, 9).map((number) => rotate(`s${number}`, number)));
    expect(signingSecrets(state, at(10))).toEqual(['s9', 's8', 's7', 's6']);
  });

  it('is disabled, enabled and deleted; what is so already is left so', () => {
    expect(after(REGISTER, disable(1)).state).toMatchObject({
      ...{ status: 'disabled', disabledReason: 'requested' },
    });
    expect(after(REGISTER, disable(1), disable(2)).types).toEqual(['OperationConcluded']);
    expect(after(REGISTER, disable(1), enable(2)).state).toMatchObject({
      ...{ status: 'enabled', disabledReason: null },
    });
    expect(after(REGISTER, enable(1)).types).toEqual(['OperationConcluded']);
    expect(after(REGISTER, record(1, tried(1, 500, 0)), REMOVE).state.open.size).toBe(0);
    expect(after(REGISTER, REMOVE, enable(1)).outcome).toBe('not_found');
    expect(after(REGISTER, REMOVE, record(1, tried(1, 200, 0))).outcome).toBe('not_found');
  });

  it('of another tenant, of another agent, or that does not exist, is not found', () => {
    const ofAgent = { ...REGISTER, agent: 'agt_1' } as WebhookEndpointCommand;
    const asks = (more: object) => ({ ...REMOVE, ...more }) as WebhookEndpointCommand;
    expect(after(ofAgent, asks({ agent: 'agt_1' })).outcome).toBe('accepted');
    expect(after(ofAgent, asks({ agent: null })).outcome).toBe('accepted');
    expect(after(ofAgent, asks({ agent: 'agt_2' })).outcome).toBe('not_found');
    expect(after(REGISTER, asks({ agent: 'agt_1' })).outcome).toBe('not_found');
    expect(after(REGISTER, asks({ tenant: 'tnt_2' })).outcome).toBe('not_found');
    expect(after(REMOVE).outcome).toBe('not_found');
    expect(after(record(1, tried(1, 200, 0))).outcome).toBe('not_found');
    expect(after({ type: 'InspectWebhookEndpoint' }).outcome).toBe('not_found');
  });

  it('answers an operation that comes again as the first time, and not for another request', () => {
    const told = after(REGISTER, rotate('s2', 1), enable(2), rotate('s2', 1));
    expect([told.outcome, told.events]).toEqual(['accepted', []]);
    const other = {
      ...by('register'),
      operation: { ...by('register').operation, request: { url: 'y' } },
    };
    const reused = after(REGISTER, { ...REGISTER, ...other } as WebhookEndpointCommand);
    expect([reused.outcome, reused.pointers]).toEqual(['idempotency_key_reused', ['/url']]);
  });
});

describe('what is recorded of tries', () => {
  it('is one event for all of them, and how far new events were tried', () => {
    const told = after(REGISTER, record(2, tried(1, 200, 5), tried(2, 204, 6)));
    expect(told.types).toEqual(['WebhookDeliveriesAttempted']);
    expect(told.events[0]?.data).toMatchObject({
      upTo: 2,
      attempts: [
        { event: 'evt_1', attempt: 1, outcome: 'delivered', status: 200, dueAt: null, at: at(5) },
        { event: 'evt_2', attempt: 1, outcome: 'delivered', status: 204, dueAt: null },
      ],
    });
    expect(told.state).toMatchObject({ upTo: 2, failures: 0 });
    expect(told.state.open.size).toBe(0);
  });

  it('is nothing when nothing was tried and nothing is further than it was', () => {
    const delivered = record(2, tried(1, 200, 5));
    expect(after(REGISTER, delivered, record(null)).events).toEqual([]);
    expect(after(REGISTER, delivered, record(2)).events).toEqual([]);
    expect(after(REGISTER, delivered, record(1, tried(1, 200, 9))).state.upTo).toBe(2);
  });

  it.each([[null], [199], [300], [301], [404], [429], [500], [503]])(
    'is a failure with the answer %s, and when it is tried again',
    (status) => {
      const { state, events } = after(REGISTER, record(1, tried(1, status, 0)));
      expect(events[0]?.data).toMatchObject({
        attempts: [{ outcome: 'failed', dueAt: at(5_000) }],
      });
      expect([...state.open.values()]).toEqual([
        { event: 'evt_1', position: 1, attempts: 1, since: at(0), dueAt: at(5_000) },
      ]);
      expect(state).toMatchObject({ upTo: 1, failures: 1, failingSince: at(0) });
    },
  );

  it('counts the tries of an event, and ends with the one that arrives', () => {
    const failed = record(1, tried(1, 500, 0));
    const again = record(null, tried(1, 500, 5_000));
    const { state } = after(REGISTER, failed, again);
    expect(state.open.get('evt_1')).toMatchObject({
      ...{ attempts: 2, since: at(0), dueAt: at(20_000) },
    });
    const told = after(REGISTER, failed, again, record(null, tried(1, 200, 20_000)));
    expect(told.events[0]?.data).toMatchObject({
      attempts: [{ attempt: 3, outcome: 'delivered' }],
    });
    expect(told.state.open.size).toBe(0);
    expect(told.state).toMatchObject({ failures: 0, failingSince: null });
  });

  it('gives an event up after three days when others arrive', () => {
    const commands = [
      record(1, tried(1, 500, 0)),
      record(2, tried(2, 200, DAY_MS)),
      record(null, tried(1, 500, 3 * DAY_MS)),
    ];
    const told = after(REGISTER, ...commands);
    expect(told.types).toEqual(['WebhookDeliveriesAttempted']);
    expect(told.events[0]?.data).toMatchObject({
      attempts: [{ outcome: 'abandoned', dueAt: null }],
    });
    expect(told.state.open.size).toBe(0);
    expect(told.state.status).toBe('enabled');
  });
});

describe('an endpoint that fails', () => {
  it('is disabled when nothing arrived for three days, and forgets nothing', () => {
    const told = after(
      REGISTER,
      record(1, tried(1, 500, 0)),
      record(null, tried(1, null, 3 * DAY_MS)),
    );
    expect(told.types).toEqual(['WebhookDeliveriesAttempted', 'WebhookEndpointDisabled']);
    expect(told.events[1]?.data).toEqual({ reason: 'failing', by: null, at: at(3 * DAY_MS) });
    expect([...told.state.open.keys()]).toEqual(['evt_1']);
    expect(webhookDuties(told.state, 10).takesNew).toBe(false);
  });

  it('is not disabled a moment before, nor when something arrived meanwhile', () => {
    const almost = record(null, tried(1, 500, 3 * DAY_MS - 1));
    expect(after(REGISTER, record(1, tried(1, 500, 0)), almost).state.status).toBe('enabled');
    const arrived = record(2, tried(2, 200, MINUTE_MS));
    const late = record(null, tried(1, 500, 3 * DAY_MS));
    expect(after(REGISTER, record(1, tried(1, 500, 0)), arrived, late).state.status).toBe(
      'enabled',
    );
    const inOne = record(null, tried(2, 200, DAY_MS), tried(1, 500, 3 * DAY_MS));
    expect(after(REGISTER, record(1, tried(1, 500, 0)), inOne).state.status).toBe('enabled');
  });

  it('is disabled at once when the receiver says that it is gone', () => {
    const told = after(REGISTER, record(1, tried(1, 410, 0)));
    expect(told.state).toMatchObject({ status: 'disabled', disabledReason: 'gone' });
    expect([...told.state.open.keys()]).toEqual(['evt_1']);
  });

  it('is tried again from the beginning once it is enabled', () => {
    const { state } = after(
      REGISTER,
      record(1, tried(1, 500, 0)),
      record(null, tried(1, 500, 3 * DAY_MS)),
      enable(4 * DAY_MS),
    );
    expect(state).toMatchObject({ status: 'enabled', failures: 0, failingSince: null });
    expect(webhookDuties(state, 10)).toMatchObject({
      ...{ takesNew: true, due: [{ event: 'evt_1', dueAt: at(4 * DAY_MS) }] },
    });
    expect(state.open.get('evt_1')).toMatchObject({ attempts: 0, since: null });
  });

  it('is sent nothing new after ten failures in a row, until something arrives: then what waits is tried at once', () => {
    const nine = record(9, ...range(1, 9).map((number) => tried(number, 500, 0)));
    expect(webhookDuties(after(REGISTER, nine).state, 5).takesNew).toBe(true);
    const ten = record(10, tried(10, 500, 1));
    expect(webhookDuties(after(REGISTER, nine, ten).state, 5).takesNew).toBe(false);
    const told = after(REGISTER, nine, ten, record(null, tried(3, 200, HOUR_MS)));
    expect(told.types).toEqual(['WebhookDeliveriesAttempted', 'WebhookEndpointRecovered']);
    const duties = webhookDuties(told.state, 100);
    expect(duties.takesNew).toBe(true);
    expect(new Set(duties.due.map(({ dueAt }) => dueAt))).toEqual(new Set([at(HOUR_MS)]));
    expect(duties.due).toHaveLength(9);
  });

  it('is sent new events though it failed often when nothing is left to be tried again', () => {
    const old = range(1, 10).map((number) => tried(number, 500, 0));
    const arrived = record(11, tried(11, 200, DAY_MS));
    const last = range(1, 10).map((number) => tried(number, 500, 3 * DAY_MS));
    const { state } = after(REGISTER, record(10, ...old), arrived, record(null, ...last));
    expect(state).toMatchObject({ failures: 10, status: 'enabled' });
    expect(state.open.size).toBe(0);
    expect(webhookDuties(state, 5).takesNew).toBe(true);
  });

  it('has a thousand events open at most: then nothing new is tried, and nothing sent again by hand', () => {
    const batches = range(0, 99).flatMap((batch) => [
      record(null, ...range(1, 10).map((number) => tried(batch * 10 + number, 500, batch))),
      record(null, tried(5_000 + batch, 200, batch)),
    ]);
    const { state } = after(REGISTER, ...batches);
    expect(state.open.size).toBe(1_000);
    expect(webhookDuties(state, 5).takesNew).toBe(false);
    expect(after(REGISTER, ...batches, resend(9_999, 1)).outcome).toBe('invalid_transition');
    expect(after(REGISTER, ...batches, resend(1, 1)).outcome).toBe('accepted');
  });
});

describe('an event that is sent again by hand', () => {
  it('is due at once, whether it arrived before or waits for its next try', () => {
    const { state } = after(REGISTER, record(1, tried(1, 200, 0)), resend(1, HOUR_MS));
    expect(webhookDuties(state, 5).due).toEqual([
      { event: 'evt_1', position: 1, dueAt: at(HOUR_MS) },
    ]);
    const waiting = after(REGISTER, record(1, tried(1, 500, 0)), resend(1, 1_000)).state;
    expect(waiting.open.get('evt_1')).toMatchObject({
      attempts: 1,
      since: at(0),
      dueAt: at(1_000),
    });
  });

  it('stays due when it turns out that it arrived as a new event before', () => {
    const fresh = record(1, { ...tried(1, 200, 0), again: false });
    const { state, events } = after(REGISTER, resend(1, HOUR_MS), fresh);
    expect(events[0]?.data).toMatchObject({
      attempts: [{ outcome: 'delivered', dueAt: at(HOUR_MS) }],
    });
    expect(webhookDuties(state, 5).due).toMatchObject([{ event: 'evt_1', dueAt: at(HOUR_MS) }]);
    expect(state.failures).toBe(0);
    const again = record(null, tried(1, 200, HOUR_MS));
    expect(after(REGISTER, resend(1, HOUR_MS), fresh, again).state.open.size).toBe(0);
  });

  it('is refused while nothing is sent there', () => {
    expect(after(REGISTER, disable(0), resend(1, 1)).outcome).toBe('invalid_transition');
  });

  it('comes in the order of time, then of the log', () => {
    const { state } = after(REGISTER, resend(2, 5), resend(3, 1), resend(1, 5));
    const due = webhookDuties(state, 2).due.map(({ position }) => position);
    expect(due).toEqual([3, 1]);
  });
});

it('what is looked at leaves no trace', () => {
  expect(after(REGISTER, { type: 'InspectWebhookEndpoint' })).toMatchObject({
    ...{ events: [], outcome: 'accepted' },
  });
});
