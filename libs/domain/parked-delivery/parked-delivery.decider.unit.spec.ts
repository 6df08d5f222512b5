import { expect, it } from 'vitest';
import { replay } from '../shared/decider.js';
import {
  type ParkedDeliveryCommand,
  type ParkedDeliveryEvent,
  parkedDeliveryDecider,
} from './parked-delivery.decider.js';

const nowMs = Date.UTC(2026, 2, 1);
const at = '2026-03-01T00:00:00.000Z';
const FACTS = {
  event: 'e1',
  eventType: 'AttemptStarted',
  stream: 'payment_intent-a',
  position: 7,
  tenant: 'tnt_1',
  error: 'Error: no',
  tries: 8,
};
const PARK: ParkedDeliveryCommand = { type: 'ParkDelivery', nowMs, ...FACTS };
const RETRY: ParkedDeliveryCommand = {
  type: 'RetryDelivery',
  operation: 'op-1',
  nowMs,
  tenant: 'tnt_1',
  by: 'operator-1',
};
const RESOLVE: ParkedDeliveryCommand = { type: 'ResolveDelivery', nowMs };

function after(...commands: ParkedDeliveryCommand[]) {
  const history: ParkedDeliveryEvent[] = [];
  let answer: unknown;
  for (const command of commands) {
    const decision = parkedDeliveryDecider.decide(command, replay(parkedDeliveryDecider, history));
    if (decision.ok) history.push(...decision.events);
    answer = decision.ok ? decision.events : decision.code;
  }
  return { answer, status: replay(parkedDeliveryDecider, history).status };
}

it('keeps everything an operator needs to know of what could not be handled', () => {
  expect(after(PARK)).toEqual({
    answer: [{ type: 'DeliveryParked', data: { ...FACTS, at } }],
    status: 'parked',
  });
});

it('is parked, retried and resolved', () => {
  expect(after(PARK, RETRY)).toEqual({
    answer: [
      {
        type: 'DeliveryRetried',
        data: { event: 'e1', stream: 'payment_intent-a', operation: 'op-1', by: 'operator-1', at },
      },
    ],
    status: 'retrying',
  });
  expect(after(PARK, RETRY, RESOLVE)).toEqual({
    answer: [{ type: 'DeliveryResolved', data: { event: 'e1', at } }],
    status: 'resolved',
  });
});

it('stays parked when the retry parked it again before it was called resolved', () => {
  expect(after(PARK, RETRY, PARK, RESOLVE)).toEqual({ answer: [], status: 'parked' });
});

it('changes nothing when it is parked or resolved again', () => {
  expect(after(PARK, PARK).answer).toEqual([]);
  expect(after(PARK, RETRY, RESOLVE, RESOLVE).answer).toEqual([]);
  expect(after(RESOLVE).answer).toEqual([]);
  expect(after(PARK, RETRY, RESOLVE, RETRY).answer).toEqual([]);
});

it('can be parked again after it was resolved', () => {
  expect(after(PARK, RETRY, RESOLVE, PARK).status).toBe('parked');
});

it('is nothing to retry when it is resolved, of another tenant, or not there', () => {
  expect(after(PARK, RETRY, RESOLVE, { ...RETRY, operation: 'op-2' }).answer).toBe(
    'invalid_transition',
  );
  expect(after(PARK, { ...RETRY, tenant: 'tnt_2' } as typeof RETRY).answer).toBe('not_found');
  expect(after(RETRY).answer).toBe('not_found');
});
