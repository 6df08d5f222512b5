import { describe, expect, it } from 'vitest';
import { replay } from '../shared/decider.js';
import {
  type PaymentMethodCommand,
  type PaymentMethodState,
  paymentMethodDecider,
} from './payment-method.decider.js';
import type { CardScreening, PaymentMethodEvent } from './payment-method.events.js';

const { decide, evolve, initial } = paymentMethodDecider;
const NOW_MS = Date.UTC(2030, 0, 1);
const AT = '2030-01-01T00:00:00.000Z';
const CARD = { brand: 'visa', last4: '4242', expMonth: 7, expYear: 2031, fingerprint: 'v1.f' };
const ALLOWED: CardScreening = {
  ...{ verdict: 'allow', score: 10, provider: 'rules@1', rules: [], failMode: null, error: null },
} as const;
const TOKENIZE: Extract<PaymentMethodCommand, { type: 'TokenizeCard' }> = {
  type: 'TokenizeCard',
  ...{ id: 'pm_1', tenant: 'tnt_a', agent: 'agt_1', by: 'agt_1', card: CARD, screening: ALLOWED },
  operation: { id: 'op', request: { card: 'v1.m' }, status: 201, body: '{}' },
  nowMs: NOW_MS,
};

function after(...commands: PaymentMethodCommand[]): PaymentMethodState {
  let state = initial();
  for (const command of commands) {
    const decision = decide(command, state);
    if (!decision.ok) throw new Error(decision.code);
    for (const event of decision.events) state = evolve(state, event);
  }
  return state;
}

const erase = (agent: string | null, tenant = 'tnt_a'): PaymentMethodCommand => ({
  type: 'ErasePaymentMethod',
  ...{ tenant, agent, by: agent ?? 'op1', nowMs: NOW_MS },
});
const inspect = (agent: string, tenant = 'tnt_a'): PaymentMethodCommand => ({
  type: 'InspectPaymentMethod',
  tenant,
  agent,
});
const recall = (mark: string): PaymentMethodCommand => ({
  type: 'RecallTokenization',
  tenant: 'tnt_a',
  operation: { id: 'op', request: { card: mark } },
});

describe('a card that was let in', () => {
  it('is tokenized, screened and answered at once', () => {
    const decision = decide(TOKENIZE, initial());
    expect(decision.ok && decision.events).toEqual([
      { type: 'CardScreened', data: { ...ALLOWED, at: AT } },
      {
        type: 'PaymentMethodTokenized',
        data: { id: 'pm_1', tenant: 'tnt_a', agent: 'agt_1', by: 'agt_1', card: CARD, at: AT },
      },
      {
        type: 'OperationConcluded',
        data: { operation: 'op', request: { card: 'v1.m' }, status: 201, body: '{}', at: AT },
      },
    ]);
  });

  it('is not tokenized again: the same request changes nothing, another card is refused', () => {
    const state = after(TOKENIZE);
    expect(decide(TOKENIZE, state)).toEqual({ ok: true, events: [] });
    const other = { ...TOKENIZE, operation: { ...TOKENIZE.operation, request: { card: 'v1.x' } } };
    expect(decide(other, state)).toEqual({
      ok: false,
      code: 'idempotency_key_reused',
      details: { pointers: ['/card'] },
    });
    const strange = { ...TOKENIZE, operation: { ...TOKENIZE.operation, id: 'op2' } };
    expect(decide(strange, state)).toMatchObject({ ok: false, code: 'invalid_transition' });
  });

  it('is recalled by its mark', () => {
    expect(decide(recall('v1.m'), initial())).toEqual({ ok: true, events: [] });
    expect(decide(recall('v1.m'), after(TOKENIZE))).toEqual({ ok: true, events: [] });
    expect(decide(recall('v1.x'), after(TOKENIZE))).toMatchObject({
      ok: false,
      code: 'idempotency_key_reused',
    });
  });
});

describe('a card that was blocked', () => {
  const blocked = { ...TOKENIZE, screening: { ...ALLOWED, verdict: 'block', score: 100 } } as const;

  it('gets no token, now and under this key for ever', () => {
    const decision = decide(blocked, initial());
    expect(decision.ok && decision.events.map(({ type }) => type)).toEqual([
      'CardScreened',
      'PaymentMethodRefused',
      'OperationConcluded',
    ]);
    const state = after(blocked);
    expect(state.method).toBeNull();
    expect(decide(TOKENIZE, state)).toEqual({ ok: true, events: [] });
    expect(decide(inspect('agt_1'), state)).toMatchObject({ ok: false, code: 'not_found' });
    expect(decide(erase(null), state)).toMatchObject({ ok: false, code: 'not_found' });
  });
});

describe('whose a payment method is', () => {
  it.each([
    ['its agent', 'agt_1', inspect('agt_1'), true],
    ['another agent of the tenant', 'agt_1', inspect('agt_2'), false],
    ['an agent of another tenant with the same name', 'agt_1', inspect('agt_1', 'tnt_b'), false],
    ['any agent, when an operator made it', null, inspect('agt_2'), true],
    [
      'an agent of another tenant, when an operator made it',
      null,
      inspect('agt_2', 'tnt_b'),
      false,
    ],
  ])('lets %s pay with it, or not', (_, agent, command, ok) => {
    expect(decide(command, after({ ...TOKENIZE, agent })).ok).toBe(ok);
  });

  it.each([
    ['its agent', 'agt_1', erase('agt_1'), null],
    ['an operator', 'agt_1', erase(null), null],
    ['another agent', 'agt_1', erase('agt_2'), 'not_found'],
    ['an operator of another tenant', 'agt_1', erase(null, 'tnt_b'), 'not_found'],
    ['an agent what is for all', null, erase('agt_2'), 'forbidden'],
    ['an operator what is for all', null, erase(null), null],
  ])('lets %s erase it, or not', (_, agent, command, code) => {
    const decision = decide(command, after({ ...TOKENIZE, agent }));
    expect(decision.ok ? null : decision.code).toBe(code);
  });
});

describe('an erased payment method', () => {
  it('pays for nobody, is erased once, and keeps what it was in its history', () => {
    const state = after(TOKENIZE, erase('agt_1'));
    expect(decide(inspect('agt_1'), state)).toMatchObject({ ok: false, code: 'not_found' });
    expect(decide(erase('agt_1'), state)).toEqual({ ok: true, events: [] });
    expect(state.method).toMatchObject({ card: CARD, erasedAt: AT });
    expect(decide(TOKENIZE, state)).toEqual({ ok: true, events: [] });
  });

  it('comes out the same from its events', () => {
    const events: PaymentMethodEvent[] = [];
    let state = initial();
    for (const command of [TOKENIZE, erase(null)]) {
      const decision = decide(command, state);
      if (decision.ok) events.push(...decision.events);
      state = replay(paymentMethodDecider, events);
    }
    expect(replay(paymentMethodDecider, events)).toEqual(after(TOKENIZE, erase(null)));
  });
});
