import { expect, it } from 'vitest';
import { streamAskedFor } from './command-stream.js';

it.each([
  ['commands.payment_intent.operate', { id: 'pi_abc' }, 'abc'],
  ['commands.payment_intent.tell', { id: 'abc' }, 'abc'],
  ['commands.mandate.reserve', { mandate: 'mnd_abc' }, 'abc'],
  ['commands.agent.suspend', { agent: 'agt_abc' }, 'abc'],
  ['commands.webhook_endpoint.record', { id: 'whe_abc' }, 'abc'],
])('%s is about a stream that it names, in whatever form', (subject, request, stream) => {
  expect(streamAskedFor(subject, request)).toBe(stream);
});

it.each([
  ['commands.payment_intent.create', { id: 'abc' }],
  ['commands.mandate.settle', {}],
  ['queries.payment_intent.get', { id: 'pi_abc' }],
  ['toString', { id: 'abc' }],
])('%s about %o is about no stream that its sender knows', (subject, request) => {
  expect(streamAskedFor(subject, request)).toBeNull();
});
