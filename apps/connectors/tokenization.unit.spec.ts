import { describe, expect, it } from 'vitest';
import { Bus } from '#bus';
import { type Answer, type Messages, answer, passesLuhn } from '#contracts';
import { FraudScreen } from '#fraud';
import { RulesFraudProvider } from '#fraud/rules';
import { SeededRandom, VirtualClock, VirtualTimers } from '#platform/memory';
import { AbsentVault, CvcMemory, type Vault } from '#vault';
import { MemoryVault } from '#vault/memory';
import { type CardCall, Tokenization } from './tokenization.js';

const CARD = { number: '4242424242424242', exp_month: 7, exp_year: 2031, cvc: '989' };
const CREATED = answer({ status: 201, body: '{"object":"payment_method"}' });
const REUSED = answer({ status: 422, body: '{"code":"idempotency_key_reused"}' });

class WriteSide extends Bus<Messages> {
  recalls: Answer | null = null;
  concludes: Answer = CREATED;
  readonly asked: [string, unknown][] = [];

  override async request<Subject extends keyof Messages & string>(
    subject: Subject,
    payload: Messages[Subject]['request'],
  ): Promise<Messages[Subject]['reply']> {
    this.asked.push([subject, structuredClone(payload)]);
    const reply = subject === 'commands.payment_method.recall' ? this.recalls : this.concludes;
    return reply as Messages[Subject]['reply'];
  }

  told() {
    const [, told] = this.asked.find(([subject]) => subject.endsWith('.tokenize')) ?? [];
    return told as Messages['commands.payment_method.tokenize']['request'] | undefined;
  }
}

function started(given?: Vault) {
  const clock = new VirtualClock();
  const timers = new VirtualTimers(clock);
  const vault = given ?? new MemoryVault(clock, new SeededRandom(1));
  const cvcs = new CvcMemory(timers);
  const limits = { timeoutMs: 500, failMode: 'closed' } as const;
  const fraud = new FraudScreen(new RulesFraudProvider(), timers, limits);
  const bus = new WriteSide();
  const troubles: string[] = [];
  const trouble = { report: (message: string) => void troubles.push(message) };
  const tokenization = new Tokenization(vault, cvcs, fraud, bus, clock, trouble);
  const send = (body: unknown, more: Partial<CardCall> = {}) =>
    tokenization.tokenize(
      {
        principal: { tenant: 'tnt_1', role: 'agent', id: 'agt_1', key: 'k' },
        path: '/v1/payment_methods',
        idempotencyKey: 'key-1',
        traceId: '0af7651916cd43dd8448eb211c80319c',
        ...more,
      },
      Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    );
  return { vault, cvcs, bus, troubles, send, clock, tokenization };
}

const problemOf = ({ status, body }: Answer) => {
  const { code, violations } = JSON.parse(body) as { code: string; violations?: object[] };
  return { status, code, violations };
};

describe('a card', () => {
  it('is kept before the write side hears of its token, which shows no more than it may', async () => {
    const { send, bus, vault } = started();
    expect(await send({ card: CARD })).toEqual(CREATED);
    const told = bus.told();
    expect(told?.card).toMatchObject({
      brand: 'visa',
      last4: '4242',
      expMonth: 7,
      expYear: 2031,
      fingerprint: expect.stringMatching(/^v1\.[0-9a-f]{64}$/) as string,
    });
    expect(told?.request).toEqual({ card: expect.stringMatching(/^v1\.[0-9a-f]{64}$/) as string });
    expect(told?.screening.verdict).toBe('allow');
    const kept = await vault.card({ tenant: 'tnt_1', token: told?.paymentMethod ?? '' });
    expect(kept?.number).toBe(CARD.number);
  });

  it('and its CVC are in no message, and the bytes that came are wiped', async () => {
    const { bus, tokenization } = started();
    const body = Buffer.from(JSON.stringify({ card: CARD }));
    await tokenization.tokenize(
      {
        principal: { tenant: 'tnt_1', role: 'agent', id: 'agt_1', key: 'k' },
        ...{ path: '/v1/payment_methods', idempotencyKey: 'key-1', traceId: 'a'.repeat(32) },
      },
      body,
    );
    const messages = JSON.stringify(bus.asked);
    expect(messages).not.toContain(CARD.number);
    expect(messages).not.toMatch(/"989"|cvc/);
    expect(body.every((byte) => byte === 0)).toBe(true);
  });

  it('has its CVC remembered in memory only when there is a token', async () => {
    const { send, bus, cvcs } = started();
    await send({ card: CARD });
    const place = { tenant: 'tnt_1', token: bus.told()?.paymentMethod ?? '' };
    expect(cvcs.recall(place)).toBe('989');
    const other = started();
    other.bus.concludes = answer({ status: 503, body: '{}' });
    await other.send({ card: CARD });
    expect(other.cvcs.recall(place)).toBeUndefined();
  });

  it('that came under this key before is answered as before, and touches nothing', async () => {
    const { send, bus, vault } = started();
    bus.recalls = CREATED;
    expect(await send({ card: CARD })).toEqual(CREATED);
    bus.recalls = REUSED;
    expect(await send({ card: { ...CARD, number: '5555555555554444' } })).toEqual(REUSED);
    expect(bus.told()).toBeUndefined();
    const seen = { tenant: 'tnt_1', by: 'agt_1', fingerprint: 'f' };
    expect((await vault.noteCard(seen)).cardsLastDay).toBe(1);
  });

  it('that has expired is answered as before when it came before, and refused otherwise', async () => {
    const { send, bus, clock } = started();
    const year = new Date(clock.now()).getUTCFullYear();
    const card = { ...CARD, exp_month: 12, exp_year: year - 1 };
    expect(problemOf(await send({ card }))).toMatchObject({
      status: 400,
      code: 'validation_failed',
      violations: [{ pointer: '/card', rule: 'not_expired' }],
    });
    expect(bus.told()).toBeUndefined();
    bus.recalls = CREATED;
    expect(await send({ card })).toEqual(CREATED);
    expect((await started().send({ card: { ...card, exp_month: 1, exp_year: year } })).status).toBe(
      201,
    );
  });

  it('that lost the race for its key to another one is kept nowhere', async () => {
    const { send, bus, vault } = started();
    bus.concludes = REUSED;
    expect(await send({ card: CARD })).toEqual(REUSED);
    const token = bus.told()?.paymentMethod ?? '';
    expect(await vault.card({ tenant: 'tnt_1', token })).toBeNull();
  });

  it('is refused by the vault itself when another one is kept under its key', async () => {
    const { send } = started();
    await send({ card: CARD });
    const answered = await send({ card: { ...CARD, exp_month: 8 } });
    expect(problemOf(answered)).toEqual({
      status: 422,
      code: 'idempotency_key_reused',
      violations: [{ pointer: '/card', rule: 'equal_to_first_request' }],
    });
  });

  it('is screened with all that the same agent brought, and not kept when it is blocked', async () => {
    const { send, bus, vault } = started();
    const brought = async (number: number) => {
      bus.asked.splice(0);
      const card = { ...CARD, number: numberOf(number) };
      await send({ card }, { idempotencyKey: `key-${number}` });
      return bus.told();
    };
    for (let number = 10; number < 20; number += 1)
      expect((await brought(number))?.screening.verdict).toBe('allow');
    const blocked = await brought(20);
    expect(blocked?.screening).toMatchObject({ verdict: 'block', score: 100 });
    const place = { tenant: 'tnt_1', token: blocked?.paymentMethod ?? '' };
    expect(await vault.card(place)).toBeNull();
  });
});

/** Another valid number for each. */
function numberOf(count: number): string {
  const digits = `424242${String(count).padStart(9, '0')}`;
  return [...'0123456789'].map((last) => digits + last).find(passesLuhn) ?? '';
}

describe('what is no card', () => {
  it.each([
    ['{', 'malformed_json', undefined],
    ['{"card":{"number":"1","number":"2"}}', 'malformed_json', undefined],
    [{}, 'validation_failed', '/card'],
    [{ card: 'x' }, 'validation_failed', '/card'],
    [{ card: { ...CARD, number: 4242424242424242 } }, 'validation_failed', '/card/number'],
    [{ card: { ...CARD, number: '4242 4242 4242 4242' } }, 'validation_failed', '/card/number'],
    [{ card: { ...CARD, number: '4242424242424241' } }, 'validation_failed', '/card/number'],
    [{ card: { ...CARD, number: '42424242424' } }, 'validation_failed', '/card/number'],
    [{ card: { ...CARD, exp_month: 13 } }, 'validation_failed', '/card/exp_month'],
    [{ card: { ...CARD, exp_year: 31 } }, 'validation_failed', '/card/exp_year'],
    [{ card: { ...CARD, cvc: '98' } }, 'validation_failed', '/card/cvc'],
    [{ card: { ...CARD, cvc: 989 } }, 'validation_failed', '/card/cvc'],
    [{ card: { ...CARD, '5105105105105100': 1 } }, 'validation_failed', '/card'],
    [{ card: CARD, cvc9890: '9890' }, 'validation_failed', ''],
  ])('is refused, pointed at and not repeated: %#', async (body, code, pointer) => {
    const { send, bus } = started();
    const answered = await send(body);
    const problem = problemOf(answered);
    expect([problem.status, problem.code]).toEqual([400, code]);
    if (pointer !== undefined) expect(problem.violations).toMatchObject([{ pointer }]);
    expect(answered.body).not.toMatch(/42424242|4242 4242|5105105105105100|989/);
    expect(bus.asked).toEqual([]);
  });
});

describe('without a vault', () => {
  it('nothing is asked of anybody, and the answer says so', async () => {
    const { send, bus, troubles } = started(new AbsentVault('there is none'));
    expect(problemOf(await send({ card: CARD }))).toMatchObject({
      status: 503,
      code: 'store_unavailable',
    });
    expect(bus.asked).toEqual([]);
    expect(troubles).toHaveLength(1);
  });
});
