import { type Answer, PAYMENT_INTENTS_PATH, answer } from '#contracts';
import type { ApiRequest } from '../api-request.js';
import type { EventFeed } from '../event-feed.js';
import type { PaymentIntents } from '../payment-intents.js';
import type { Standing } from '../standing.js';

/** What an agent can ask for on a subject, and the route over HTTP that is the same. */
export interface AgentOperation {
  /** What its subjects end with, after `bursar.v1.<tenant>.<agent>.`. */
  name: string;
  method: 'GET' | 'POST';
  /** `{id}` is the field `id` of the message; what else there is in it is the body of a POST, or the query of a GET. */
  path: string;
  /** @throws ProblemException, BusError */
  run(request: ApiRequest, params: { id: string }): Promise<Answer>;
}

const ONE = `${PAYMENT_INTENTS_PATH}/{id}`;

export function agentOperations(
  payments: PaymentIntents,
  standing: Standing,
  feed: EventFeed,
): AgentOperation[] {
  return [
    post('payment_intents.create', PAYMENT_INTENTS_PATH, (request) => payments.create(request)),
    post('payment_intents.capture', `${ONE}/capture`, (...asked) => payments.capture(...asked)),
    post('payment_intents.cancel', `${ONE}/cancel`, (...asked) => payments.cancel(...asked)),
    post('payment_intents.refund', `${ONE}/refunds`, (...asked) => payments.refund(...asked)),
    get('payment_intents.get', ONE, (...asked) => payments.get(...asked)),
    get('payment_intents.list', PAYMENT_INTENTS_PATH, (request) => payments.list(request)),
    get('payment_intents.explanation', `${ONE}/explanation`, (...asked) =>
      payments.explanation(...asked),
    ),
    get('payment_intents.operations', '/v1/operations', (request) => standing.operations(request)),
    get('authority.get', '/v1/authority', (request) => standing.authority(request)),
    get('events.list', '/v1/events', (request) => feed.list(request)),
  ];
}

function post(name: string, path: string, run: AgentOperation['run']): AgentOperation {
  return { name, method: 'POST', path, run };
}

function get(
  name: string,
  path: string,
  read: (request: ApiRequest, params: { id: string }) => Promise<object>,
): AgentOperation {
  const run: AgentOperation['run'] = async (request, params) =>
    answer({ status: 200, body: JSON.stringify(await read(request, params)) });
  return { name, method: 'GET', path, run };
}
