import { type Json, type Principal, until } from './demo.clients.js';
import type { Stage } from './stage.js';

const PAYMENTS = '/v1/payment_intents';
const RESULT = ['id', 'status', 'money_state', 'attempts'];
const REFUSAL = ['code', 'detail', 'money_state', 'remedies'];
const DONE = ['succeeded', 'failed', 'canceled'];

interface Day extends Stage {
  /** The agent whose day it is. */
  ada: Principal;
}

/** One day, from the agent's first purchase to the auditor's questions. @throws CommandFailure when it goes otherwise */
export async function liveThrough(stage: Stage): Promise<void> {
  await stage.sandbox.heal();
  await breakersClosed(stage);
  const day = { ...stage, ada: await hire(stage) };
  const first = await purchase(day);
  await retry(day, first);
  await duplicate(day, first);
  await failover(day);
  const doubtful = await lostAnswer(day);
  await approval(day);
  await overspend(day);
  await refund(day, first);
  await audit(day, doubtful);
}

async function hire({ narrator, operator, named, agent }: Stage): Promise<Principal> {
  narrator.step('An agent and its mandate');
  narrator.say(
    `The operator registers Ada, who buys for the training team, and says what she may spend: 1,000.00 USD per
    payment, 1,000.00 USD in any 24 hours, and a human is asked above 500.00 USD. Amounts are integers in minor units.`,
  );
  const { body: registered } = await operator.post('/v1/agents', {
    key: named('ada'),
    body: { name: 'Ada' },
    showing: ['id'],
  });
  const granted = await operator.post('/v1/mandates', {
    key: named('adas-mandate'),
    body: {
      agent: registered['id'],
      limits: {
        per_payment: { USD: 100_000 },
        windows: [{ name: 'day', rolling: 'PT24H', amount: { USD: 100_000 } }],
      },
      approval: { above: { USD: 50_000 } },
    },
    showing: ['id', 'status'],
  });
  narrator.check('the mandate is active', granted.body['status'], 'active');
  return agent(String(registered['key']));
}

async function purchase({ narrator, ada, named, sandbox }: Day): Promise<Payment> {
  narrator.step('A purchase');
  narrator.say('Ada buys a book for 42.00 USD. Her idempotency key names the purchase she means.');
  const request = order(named('PO-1'), 4_200);
  const key = named('book');
  const answer = await ada.post(PAYMENTS, { key, body: request, showing: RESULT });
  narrator.check(
    'the payment succeeded',
    [answer.status, answer.body['status']],
    [201, 'succeeded'],
  );
  const payment = { id: String(answer.body['id']), key, request, text: answer.text };
  narrator.check('one charge is in the books', await booked({ sandbox }, payment.id), [4_200]);
  return payment;
}

async function retry(
  { narrator, ada, sandbox }: Day,
  { id, key, request, text }: Payment,
): Promise<void> {
  narrator.step('A retry');
  narrator.say(
    'Ada is restarted and forgets that she had an answer. She asks again under the same key.',
  );
  const again = await ada.post(PAYMENTS, { key, body: request, showing: ['id', 'status'] });
  narrator.check('the answer is the same, byte by byte', again.text, text);
  narrator.check('it says that it is a replay', again.replayed, true);
  narrator.check('still one charge is in the books', await booked({ sandbox }, id), [4_200]);
}

async function duplicate(
  { narrator, ada, named, sandbox }: Day,
  { id, request }: Payment,
): Promise<void> {
  narrator.step('The same purchase, planned anew');
  narrator.say(
    `Ada plans her day again and comes to the same book, this time with a new key. That is how agents really pay
    twice. The order is recognised, and refused before anything is charged.`,
  );
  const refused = await ada.post(PAYMENTS, {
    key: named('book-planned-anew'),
    body: request,
    showing: ['code', 'payment_intent', 'remedies'],
  });
  narrator.check(
    'it is refused as a possible duplicate of the first payment',
    [refused.status, refused.body['code'], refused.body['payment_intent']],
    [409, 'possible_duplicate', id],
  );
  narrator.say(
    `She follows the first remedy and looks at the earlier payment. (If she did mean a second copy, she would name it
    in distinct_from, as the other remedy says.)`,
  );
  const [fetch] = refused.body['remedies'] as { type: string; url: string }[];
  const earlier = await ada.get(fetch?.url ?? '', ['id', 'status', 'amount', 'order_reference']);
  narrator.check('the book is paid for already', earlier.body['status'], 'succeeded');
  narrator.check('still one charge is in the books', await booked({ sandbox }, id), [4_200]);
}

async function failover(day: Day): Promise<void> {
  const { narrator, ada, named, sandbox } = day;
  narrator.step('A processor goes down');
  narrator.say(
    'sandbox_a refuses connections. That is proof that it charged nothing, so another one is asked.',
  );
  await sandbox.break('sandbox_a', 'refuse');
  const answer = await ada.post(PAYMENTS, {
    key: named('pens'),
    body: order(named('PO-2'), 1_850),
    showing: RESULT,
  });
  const attempts = answer.body['attempts'] as { processor: string; outcome: string }[];
  narrator.check(
    'the payment succeeded',
    [answer.status, answer.body['status']],
    [201, 'succeeded'],
  );
  narrator.check(
    'at the second attempt',
    attempts.map(({ processor, outcome }) => `${processor} ${outcome}`),
    ['sandbox_a not_executed', 'sandbox_b succeeded'],
  );
  narrator.say('The processor comes back, and its breaker closes by itself.');
  await sandbox.heal();
  await breakersClosed(day);
}

async function lostAnswer({ narrator, ada, named, sandbox }: Day): Promise<Payment> {
  narrator.step('A lost answer');
  narrator.say(
    `sandbox_a takes the money and never answers. Nobody knows what happened, so nobody else is asked: that could
    charge twice. After the two seconds that Ada waits, she is told exactly that.`,
  );
  await sandbox.break('sandbox_a', 'timeout_after');
  const request = order(named('PO-3'), 2_700);
  const key = named('notebooks');
  const waited = await ada.post(PAYMENTS, {
    key,
    body: request,
    prefer: 'wait=2',
    showing: ['id', 'status', 'money_state', 'next_action'],
  });
  const id = String(waited.body['id']);
  narrator.check(
    'it is not known what became of the money',
    [waited.status, waited.body['money_state']],
    [202, 'unknown'],
  );
  narrator.check('while in truth it is taken', await booked({ sandbox }, id), [2_700]);
  narrator.say(
    'The processor heals. The truth is looked for where the money is, until it is found.',
  );
  await sandbox.heal();
  await concluded(ada, id);
  const answer = await ada.post(PAYMENTS, { key, body: request, showing: RESULT });
  narrator.check('the same key now says that it succeeded', answer.body['status'], 'succeeded');
  narrator.check('and one charge is in the books', await booked({ sandbox }, id), [2_700]);
  return { id, key, request, text: answer.text };
}

async function approval({ narrator, ada, approver, named, sandbox }: Day): Promise<void> {
  narrator.step('A human is asked');
  narrator.say(
    'A projector for 600.00 USD is above what Ada may spend alone. The money is reserved, not charged.',
  );
  const waiting = await ada.post(PAYMENTS, {
    key: named('projector'),
    body: order(named('PO-4'), 60_000),
    showing: ['id', 'status', 'money_state', 'next_action'],
  });
  const id = String(waiting.body['id']);
  narrator.check(
    'the payment waits for an approver',
    [waiting.status, waiting.body['status'], waiting.body['money_state']],
    [202, 'requires_approval', 'none'],
  );
  narrator.say('Ada tries to approve it herself.');
  const path = `${PAYMENTS}/${id}/approve`;
  const own = await ada.post(path, { key: named('approve'), body: {}, showing: ['code'] });
  narrator.check('agents never approve', [own.status, own.body['code']], [403, 'forbidden']);
  narrator.say('The approver looks at it and says yes.');
  const yes = await approver.post(path, { key: named('yes'), body: {}, showing: ['id', 'status'] });
  narrator.check('the approval is accepted', yes.status, 200);
  const paid = await concluded(ada, id);
  narrator.check('the payment went on by itself and succeeded', paid['status'], 'succeeded');
  narrator.check('one charge is in the books', await booked({ sandbox }, id), [60_000]);
}

async function overspend({ narrator, ada, named }: Day): Promise<void> {
  narrator.step('More than there is left');
  narrator.say(
    'Ada wants chairs for 480.00 USD; with what she spent today, that is more than her mandate allows.',
  );
  const request = order(named('PO-5'), 48_000);
  const refused = await ada.post(PAYMENTS, {
    key: named('chairs'),
    body: request,
    showing: REFUSAL,
  });
  narrator.check(
    'it is refused, and no money moved',
    [refused.status, refused.body['code'], refused.body['money_state']],
    [403, 'mandate_limit_exceeded', 'none'],
  );
  const [remedy] = refused.body['remedies'] as { type: string; patch?: { value: number }[] }[];
  const left = 100_000 - 4_200 - 1_850 - 2_700 - 60_000;
  narrator.check('the remedy names what is left', remedy?.patch?.[0]?.value, left);
  narrator.say(
    'Each remedy can be executed as given: she applies the patch and orders fewer chairs.',
  );
  const fewer = await ada.post(PAYMENTS, {
    key: named('fewer-chairs'),
    body: { ...request, amount: left },
    showing: RESULT,
  });
  narrator.check('the payment succeeded', [fewer.status, fewer.body['status']], [201, 'succeeded']);
}

async function refund({ narrator, ada, named, sandbox }: Day, { id }: Payment): Promise<void> {
  narrator.step('A refund');
  narrator.say('A page of the book is torn, and the shop grants 12.00 USD.');
  const refunded = await ada.post(`${PAYMENTS}/${id}/refunds`, {
    key: named('torn-page'),
    body: { amount: 1_200, reason: 'a torn page' },
    showing: ['id', 'amount', 'status'],
  });
  narrator.check(
    'the refund succeeded',
    [refunded.status, refunded.body['amount'], refunded.body['status']],
    [201, 1_200, 'succeeded'],
  );
  const { body } = await ada.get(`${PAYMENTS}/${id}`, [
    'status',
    'money_state',
    'amount_captured',
    'amount_refunded',
  ]);
  narrator.check('the payment says so', body['amount_refunded'], 1_200);
  const [charge] = await sandbox.charges(id);
  narrator.check('and so do the books', charge?.amount_refunded, 1_200);
}

async function audit({ narrator, auditor, sandbox }: Day, { id }: Payment): Promise<void> {
  narrator.step('The audit');
  narrator.say(
    `The auditor asks about ${id}, whose answer was lost. Everything that happened is an event:`,
  );
  const events = await auditor.get(`${PAYMENTS}/${id}/events?limit=100`);
  const recorded = events.body['data'] as { revision: number; type: string }[];
  for (const { revision, type } of recorded) narrator.show(`${revision} ${type}`);
  const turns = ['AttemptStarted', 'OutcomeUnknown', 'PaymentSucceeded'];
  const seen = new Set(recorded.map(({ type }) => type).filter((type) => turns.includes(type)));
  narrator.check('an attempt, then doubt, then success', [...seen], turns);
  narrator.say('Why it went as it did, in words:');
  const explanation = await auditor.get(`${PAYMENTS}/${id}/explanation`);
  const sentences = explanation.body['sentences'] as string[];
  for (const sentence of sentences) narrator.show(`- ${sentence}`);
  narrator.check(
    'the explanation says that the outcome was unknown',
    sentences.some((each) => each.includes('unknown')),
    true,
  );
  narrator.say('And the ledger: every posting has its counterpart.');
  const ledger = await auditor.get(`/v1/ledger/entries?limit=100&payment_intent=${id}`);
  const entries = ledger.body['data'] as { account: string; amount: number; currency: string }[];
  for (const { account, amount, currency } of entries)
    narrator.show(`${amount} ${currency} ${account}`);
  const sum = entries.reduce((total, { amount }) => total + amount, 0);
  narrator.check('it sums to zero', [entries.length > 0, sum], [true, 0]);
  narrator.check('the processor agrees: one charge', await booked({ sandbox }, id), [2_700]);
}

interface Payment {
  id: string;
  key: string;
  request: Json;
  /** The bytes of its answer. */
  text: string;
}

function order(reference: string, amount: number): Json {
  return {
    amount,
    currency: 'USD',
    payee: { id: 'acme-books', mcc: '5942' },
    payment_method: 'pm_sandbox_visa',
    order_reference: reference,
  };
}

/** The amounts of the charges for a payment in all books. */
async function booked({ sandbox }: Pick<Stage, 'sandbox'>, id: string): Promise<number[]> {
  return (await sandbox.charges(id)).map(({ amount }) => amount);
}

async function concluded(who: Principal, id: string): Promise<Json> {
  const look = async () => (await who.get(`${PAYMENTS}/${id}`)).body;
  return until(`the end of ${id}`, look, ({ status }) => DONE.includes(String(status)));
}

async function breakersClosed({ operator }: Pick<Stage, 'operator'>): Promise<void> {
  const look = async () =>
    (await operator.get('/v1/processors')).body['data'] as { breaker: string }[];
  await until('the trust in both processors', look, (all) =>
    all.every(({ breaker }) => breaker === 'closed'),
  );
}
