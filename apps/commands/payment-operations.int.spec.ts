import { beforeEach, describe, expect, it } from 'vitest';
import type { Messages, PaymentOperation } from '#contracts';
import { StoreUnavailableError } from '#event-store';
import type { MemoryEventStore } from '#event-store/memory';
import type { VirtualTimers } from '#platform/memory';
import { operationId } from './calls.js';
import {
  ASKED,
  AUTHORIZED,
  CAPTURED,
  JUDGED,
  PURCHASE,
  REVIEWED,
  SCREENED,
  VOIDED,
  asked,
  commands,
  operating,
  refunded,
  telling,
} from './commands.fixture.js';
import { PaymentIntentsController } from './payment-intents.controller.js';

type Operate = Messages['commands.payment_intent.operate']['request'];
type Told = Messages['commands.payment_intent.tell']['request']['command'];

const MANUAL = { ...PURCHASE, capture_method: 'manual' };
const CREATE = asked({ waitMs: 0 });
const ID = operationId(CREATE);

const CAPTURE: PaymentOperation = {
  kind: 'capture',
  amountMinor: null,
  activeMandates: ['mnd_1'],
};
const CANCEL: PaymentOperation = { kind: 'cancel' };
const REFUND: PaymentOperation = { kind: 'refund', amountMinor: null, reason: 'returned' };
const APPROVE: PaymentOperation = { kind: 'approve', fingerprint: null };
const DENY: PaymentOperation = { kind: 'deny', reason: null };

let controller: PaymentIntentsController;
let timers: VirtualTimers;
let store: MemoryEventStore;

beforeEach(async () => {
  const started = await commands();
  ({ timers, store } = started);
  controller = started.module.get(PaymentIntentsController);
});

const operate = (operation: PaymentOperation, more: Partial<Operate> = {}) =>
  controller.operate(operating(ID, operation, more));
const json = ({ body }: { body: string }) => JSON.parse(body) as Record<string, unknown>;
const written = () => store.log.events.length;

async function tell(...told: Told[]): Promise<void> {
  for (const each of telling(ID, ...told)) expect((await controller.tell(each)).ok).toBe(true);
}

async function requested(request: object = PURCHASE): Promise<void> {
  await controller.create({ ...CREATE, request: request as typeof PURCHASE });
}
async function waitingForHuman(): Promise<void> {
  await requested();
  await tell(ASKED);
}
async function held(): Promise<void> {
  await requested(MANUAL);
  await tell(JUDGED, AUTHORIZED);
}
async function paid(): Promise<void> {
  await requested();
  await tell(JUDGED, AUTHORIZED, SCREENED, CAPTURED);
}

describe('a capture', () => {
  it('is answered with the payment when it is captured', async () => {
    await held();
    const answer = operate(CAPTURE);
    await timers.advance(0);
    await tell(SCREENED, CAPTURED);
    const { status, headers, body } = await answer;
    expect([status, headers]).toEqual([200, { 'content-type': 'application/json' }]);
    expect(JSON.parse(body)).toMatchObject({
      status: 'succeeded',
      money_state: 'moved',
      amount_captured: 4200,
    });
  });

  it('takes a part of what is held', async () => {
    await held();
    const { status } = await operate({ ...CAPTURE, amountMinor: 4000 }, { waitMs: 0 });
    expect(status).toBe(202);
    const started = store.log.events.find(({ type }) => type === 'CaptureRequested');
    expect(started?.data).toMatchObject({ amountMinor: 4000 });
  });

  it('that a human is asked about does not keep its caller waiting', async () => {
    await held();
    const answer = operate(CAPTURE);
    await timers.advance(0);
    await tell(REVIEWED);
    const waiting = { status: 'requires_approval', money_state: 'held' };
    expect(json(await answer)).toMatchObject(waiting);
    const again = await operate(CAPTURE);
    expect([again.status, json(again)]).toMatchObject([202, waiting]);
    expect(timers.nextDueMs()).toBeUndefined();
  });
});

describe('a cancel', () => {
  it('of a held payment is answered when the hold is let go', async () => {
    await held();
    const answer = operate(CANCEL);
    await timers.advance(0);
    await tell(VOIDED);
    const canceled = await answer;
    expect([canceled.status, json(canceled)]).toMatchObject([
      200,
      { status: 'canceled', money_state: 'none', amount_captured: 0 },
    ]);
  });

  it('that ends the payment answers those who wait for the payment, too', async () => {
    const create = controller.create(asked());
    await timers.advance(0);
    const { status } = await operate(CANCEL);
    const created = await create;
    expect([status, created.status, json(created)['status']]).toEqual([200, 201, 'canceled']);
    expect(timers.nextDueMs()).toBeUndefined();
  });
});

describe('a refund', () => {
  const refund = operationId(operating(ID, REFUND));
  const back = {
    kind: 'succeeded',
    reference: 're_1',
    amountMinor: 4200,
    currency: 'USD',
  } as const;

  it('is answered with the refund when the processor said what becomes of it', async () => {
    await paid();
    const answer = operate(REFUND);
    await timers.advance(0);
    await tell(refunded(refund, back));
    const { status, body } = await answer;
    expect(status).toBe(201);
    expect(JSON.parse(body)).toMatchObject({
      object: 'refund',
      id: `rf_${refund}`,
      payment_intent: `pi_${ID}`,
      amount: 4200,
      status: 'succeeded',
      reference: 're_1',
    });
  });

  it('that the processor took on is answered as pending, and stays answered so', async () => {
    await paid();
    const answer = operate(REFUND);
    await timers.advance(0);
    await tell(refunded(refund, { kind: 'accepted', reference: 're_1' }));
    const pending = await answer;
    expect(json(pending)['status']).toBe('pending');
    await tell(refunded(refund, back));
    expect((await operate(REFUND)).body).toBe(pending.body);
  });
});

describe('an approver’s word', () => {
  it('is answered at once: the payment goes on', async () => {
    await waitingForHuman();
    const approved = await operate(APPROVE);
    expect([approved.status, json(approved)]).toMatchObject([
      200,
      { status: 'processing', approval: { status: 'granted', decided_by: 'k9' } },
    ]);
  });

  it('against it ends the payment, and its request is answered so from then on', async () => {
    await waitingForHuman();
    const denied = await operate(DENY);
    expect([denied.status, json(denied)['status']]).toEqual([200, 'failed']);
    const { status, headers, body } = await controller.create(CREATE);
    expect([status, headers['idempotent-replayed']]).toEqual([403, 'true']);
    expect(JSON.parse(body)).toMatchObject({ code: 'approval_denied', money_state: 'none' });
  });

  it('is asked for in an answer at once, however long the agent would wait', async () => {
    const create = controller.create(asked());
    await timers.advance(0);
    await tell(ASKED);
    const { status, headers, body } = await create;
    expect([status, headers['location']]).toEqual([202, `/v1/payment_intents/pi_${ID}`]);
    expect(JSON.parse(body)).toMatchObject({
      status: 'requires_approval',
      next_action: { actor: 'approver', type: 'approve' },
    });
    const again = await controller.create(asked());
    expect([again.status, json(again)['status']]).toEqual([202, 'requires_approval']);
    expect(timers.nextDueMs()).toBeUndefined();
  });
});

describe('an operation', () => {
  it('is answered 202 with where to look when its wait ends first, and concludes all the same', async () => {
    await held();
    const answer = operate(CAPTURE, { waitMs: 500 });
    await timers.advance(500);
    const { status, headers } = await answer;
    expect([status, headers['location']]).toEqual([202, `/v1/payment_intents/pi_${ID}`]);
    await tell(SCREENED, CAPTURED);
    const later = await operate(CAPTURE);
    expect([later.status, later.headers['idempotent-replayed']]).toEqual([200, 'true']);
  });

  it('that comes again while it runs joins, and gets the same bytes then and later', async () => {
    await held();
    const answers = Array.from({ length: 20 }, () => operate(CAPTURE));
    await timers.advance(0);
    await tell(SCREENED, CAPTURED);
    const bodies = (await Promise.all(answers)).map(({ status, body }) => status + body);
    const before = written();
    const later = await operate(CAPTURE);
    expect(new Set([...bodies, later.status + later.body]).size).toBe(1);
    expect(later.headers['idempotent-replayed']).toBe('true');
    expect(written()).toBe(before);
    const types = store.log.events.map(({ type }) => type);
    expect(types.filter((type) => type === 'CaptureRequested')).toHaveLength(1);
  });

  it('with another request under the same key is refused and does nothing', async () => {
    await paid();
    await operate(REFUND, { waitMs: 0, request: { amount: 100, reason: 'returned' } });
    const before = written();
    const refused = await operate(REFUND, { request: { amount: 200, reason: 'returned' } });
    expect([refused.status, json(refused)]).toMatchObject([
      422,
      { code: 'idempotency_key_reused', violations: [{ pointer: '/amount' }] },
    ]);
    expect(written()).toBe(before);
  });

  it('whose conclusion looked lost on its way to the log still wakes those who wait', async () => {
    await held();
    const answer = operate(CAPTURE);
    await timers.advance(0);
    await tell(SCREENED);
    const { append } = store;
    store.append = async (...args) => {
      await append.apply(store, args);
      throw new StoreUnavailableError('unknown', 'the connection was lost');
    };
    const lost = expect(tell(CAPTURED)).rejects.toThrow(StoreUnavailableError);
    await timers.advance(400);
    await lost;
    store.append = append;
    await tell(CAPTURED);
    expect((await answer).status).toBe(200);
  });

  it('that the store cannot take says that nobody knows, and is safe under the same key', async () => {
    await held();
    store.append = () => Promise.reject(new StoreUnavailableError('unknown', 'full'));
    const answer = operate(CANCEL);
    await timers.advance(1_000);
    expect(json(await answer)).toMatchObject({
      code: 'store_unavailable',
      money_state: 'unknown',
      payment_intent: `pi_${ID}`,
      retry: { same_key: true },
    });
  });
});

describe('a refused operation', () => {
  const agent = asked().principal;
  const approver = operating(ID, APPROVE).principal;

  it.each<[string, () => Promise<void>, PaymentOperation, Partial<Operate>, object]>([
    [
      'of another agent',
      paid,
      CANCEL,
      { principal: { ...agent, id: 'agt_2' } },
      { status: 404, code: 'not_found' },
    ],
    [
      'of another tenant',
      waitingForHuman,
      APPROVE,
      { principal: { ...approver, tenant: 'tnt_2' } },
      { status: 404, code: 'not_found' },
    ],
    ['that comes too early', requested, CAPTURE, {}, { status: 409, code: 'invalid_transition' }],
    ['that comes too late', paid, CANCEL, {}, { status: 409, code: 'invalid_transition' }],
    [
      'of more than is held',
      held,
      { ...CAPTURE, amountMinor: 4201 },
      {},
      {
        status: 409,
        code: 'amount_exceeds_capturable',
        money_state: 'held',
        violations: [{ pointer: '/amount', limit: 4200 }],
        remedies: [{ type: 'modify_request', patch: [{ path: '/amount', value: 4200 }] }],
      },
    ],
    [
      'of more than was captured',
      paid,
      { ...REFUND, amountMinor: 4201 },
      {},
      { status: 409, code: 'amount_exceeds_refundable', money_state: 'moved' },
    ],
    [
      'under a revoked mandate',
      held,
      { ...CAPTURE, activeMandates: [] },
      {},
      { status: 403, code: 'mandate_revoked', money_state: 'held', payment_intent: `pi_${ID}` },
    ],
    [
      'of who asked for the money',
      waitingForHuman,
      APPROVE,
      { principal: { ...approver, id: agent.id } },
      { status: 403, code: 'forbidden' },
    ],
    [
      'of another request than was shown',
      waitingForHuman,
      { kind: 'approve', fingerprint: '0'.repeat(64) },
      {},
      { status: 409, code: 'invalid_transition', violations: [{ pointer: '/fingerprint' }] },
    ],
  ])('%s is told why, and records nothing', async (_, prepare, operation, more, problem) => {
    await prepare();
    const before = written();
    const refused = await operate(operation, more);
    expect(json(refused)).toMatchObject(problem);
    expect(refused.headers['content-type']).toBe('application/problem+json');
    expect(written()).toBe(before);
    expect(timers.nextDueMs()).toBeUndefined();
  });

  it('that came after the time to approve is over says so', async () => {
    await waitingForHuman();
    await timers.advance(86_400_000);
    expect(json(await operate(APPROVE))).toMatchObject({ status: 403, code: 'approval_expired' });
  });

  it('leaves its key unused: the same key takes a request that is possible', async () => {
    await held();
    const tooMuch = { request: { amount: 4201 }, waitMs: 0 };
    expect((await operate({ ...CAPTURE, amountMinor: 4201 }, tooMuch)).status).toBe(409);
    const possible = { request: { amount: 4200 }, waitMs: 0 };
    expect((await operate({ ...CAPTURE, amountMinor: 4200 }, possible)).status).toBe(202);
  });

  it('of what does not exist tells nobody more', async () => {
    expect(json(await operate(CANCEL))).toMatchObject({ status: 404, code: 'not_found' });
    expect(written()).toBe(0);
  });
});
