import { describe, expect, it } from 'vitest';
import type { ProcessorCall } from '#contracts';
import { SeededRandom, VirtualClock, VirtualTimers } from '#platform/memory';
import {
  type AttemptOrder,
  Card,
  GuardedProcessor,
  Processor,
  ProcessorRegistry,
  type ProvisionOutcome,
  UNKNOWN_METHOD,
} from '#processors';
import { CvcMemory, VaultUnavailableError } from '#vault';
import { MemoryVault } from '#vault/memory';
import { ProcessorCards } from './processor-cards.js';
import { ProcessorEffects } from './processor-effects.js';

const TOKEN = `pm_${'a'.repeat(26)}`;
const PLACE = { tenant: 'tnt_1', token: TOKEN };
const CARD = new Card({ number: '4242424242424242', expMonth: 7, expYear: 2031, cvc: '989' });
const MONEY = { amountMinor: 4200, currency: 'USD' };

/** Gives tokens as it is told, and notes with what it was paid. */
class ScriptedProcessor extends Processor {
  readonly capabilities = {
    authorization: 'one_step',
    fence: false,
    lookUp: true,
    idempotencyKey: { lengthMax: 40, safeForMs: 60_000 },
    currencies: 'all',
    minorUnits: {},
    methods: ['card'],
    amountMax: null,
    decidesLater: [],
    authorizationValidForMs: 1_000_000,
  } as const;
  readonly provisioned: { number: string; cvc: string | undefined; key: string }[] = [];
  readonly paidWith: string[] = [];
  gives: () => Promise<ProvisionOutcome> = async () => ({
    kind: 'provisioned',
    token: `tok_${this.name}`,
  });
  answers: 'succeeded' | 'declined' | 'token_unknown' = 'succeeded';

  constructor(readonly name: string) {
    super();
  }

  async provision({ number, cvc }: Card, key: string): Promise<ProvisionOutcome> {
    this.provisioned.push({ number, cvc, key });
    return this.gives();
  }

  async authorize({ paymentMethod }: AttemptOrder) {
    this.paidWith.push(paymentMethod);
    if (this.answers === 'token_unknown') return UNKNOWN_METHOD;
    return this.answers === 'succeeded'
      ? ({ kind: 'succeeded', reference: 'ch_1', ...MONEY } as const)
      : ({ kind: 'declined', category: 'soft', code: 'no' } as const);
  }

  prepare = async () => ({ kind: 'not_executed', evidence: 'not_supported' }) as const;
  capture = (order: AttemptOrder) => this.authorize(order);
  void = (order: AttemptOrder) => this.authorize(order);
  refund = (order: AttemptOrder) => this.authorize(order);
  lookUpRefund = (order: AttemptOrder) => this.authorize(order);
  fence = (order: AttemptOrder) => this.authorize(order);
  lookUp = async () => ({ state: 'unproven', evidence: 'not_found' }) as const;
  ping = async () => undefined;
  list = () => Promise.reject(new Error('not scripted'));
}

async function started() {
  const clock = new VirtualClock();
  const timers = new VirtualTimers(clock);
  const vault = new MemoryVault(clock, new SeededRandom(1));
  const cvcs = new CvcMemory(timers);
  const marks = await vault.marksOf('tnt_1', CARD);
  await vault.keep(PLACE, { card: CARD, marks, by: 'agt_1' });
  cvcs.remember(PLACE, '989');
  const [one, two] = [new ScriptedProcessor('one'), new ScriptedProcessor('two')];
  const guarded = [one, two].map((each) => new GuardedProcessor(each, {}, { clock, timers }));
  const troubles: string[] = [];
  const trouble = { report: (message: string) => void troubles.push(message) };
  const cards = new ProcessorCards(vault, cvcs, trouble);
  const registry = new ProcessorRegistry(guarded);
  const effects = new ProcessorEffects(registry, undefined as never, clock, trouble, cards);
  const pay = (processor: string, more: Partial<ProcessorCall> = {}, paymentMethod = TOKEN) =>
    effects.call({
      intent: 'abc',
      number: 1,
      operation: 'authorize',
      about: 'authorize',
      refund: null,
      resend: false,
      order: {
        ...{ processor, key: 'abc-1', ...MONEY, paymentMethod, reference: null },
        keySafeUntil: new Date(clock.now() + 60_000).toISOString(),
      },
      cause: { causationId: 'e', correlationId: 'pi_abc', tenant: 'tnt_1', traceparent: null },
      ...more,
    });
  return { vault, cvcs, one, two, pay, troubles, timers };
}

describe('a token of the vault', () => {
  it('is exchanged where it is first paid with, and remembered', async () => {
    const { one, two, pay } = await started();
    await pay('one');
    await pay('one');
    expect(one.provisioned).toEqual([
      { number: '4242424242424242', cvc: '989', key: `${TOKEN}-pc` },
    ]);
    expect(one.provisioned[0]?.key.length).toBeLessThanOrEqual(40);
    expect(one.paidWith).toEqual(['tok_one', 'tok_one']);
    expect(two.provisioned).toEqual([]);
    await pay('two');
    expect(two.paidWith).toEqual(['tok_two']);
  });

  it('is exchanged once for payments that begin together', async () => {
    const { one, pay } = await started();
    await Promise.all([pay('one'), pay('one'), pay('one')]);
    expect(one.provisioned).toHaveLength(1);
    expect(one.paidWith).toEqual(['tok_one', 'tok_one', 'tok_one']);
  });

  it('brings the CVC until an authorization was sent, and never afterwards', async () => {
    const { one, two, pay, cvcs } = await started();
    one.gives = async () => ({ kind: 'failed', evidence: 'http_429' });
    expect((await pay('one')).outcome).toEqual({
      kind: 'not_executed',
      evidence: 'provision_http_429',
    });
    expect(cvcs.recall(PLACE)).toBe('989');
    await pay('two');
    expect(two.provisioned.map(({ cvc }) => cvc)).toEqual(['989']);
    expect(cvcs.recall(PLACE)).toBeUndefined();
    one.gives = async () => ({ kind: 'provisioned', token: 'tok_1' });
    await pay('one');
    expect(one.provisioned.map(({ cvc, key }) => [cvc, key.slice(-2)])).toEqual([
      ['989', 'pc'],
      [undefined, 'pn'],
    ]);
  });

  it('that is refused is a hard decline, counted against whoever brought the card', async () => {
    const { one, pay, vault } = await started();
    one.gives = async () => ({ kind: 'declined', code: 'card_declined', message: 'no' });
    expect((await pay('one')).outcome).toEqual({
      kind: 'declined',
      category: 'hard',
      code: 'card_declined',
      message: 'no',
    });
    expect(one.paidWith).toEqual([]);
    const { declinesLastHour } = await vault.noteCard({
      tenant: 'tnt_1',
      by: 'agt_1',
      fingerprint: 'f',
    });
    expect(declinesLastHour).toBe(1);
  });

  it('whose authorization is declined counts, and a success does not', async () => {
    const { one, pay, vault } = await started();
    await pay('one');
    one.answers = 'declined';
    await pay('one');
    const seen = { tenant: 'tnt_1', by: 'agt_1', fingerprint: 'f' };
    expect((await vault.noteCard(seen)).declinesLastHour).toBe(1);
  });

  it('whose own token is gone at the processor does not count: nobody was asked about the card', async () => {
    const { one, pay, vault, cvcs } = await started();
    one.answers = 'token_unknown';
    expect((await pay('one')).outcome).toMatchObject({ category: 'soft' });
    const seen = { tenant: 'tnt_1', by: 'agt_1', fingerprint: 'f' };
    expect((await vault.noteCard(seen)).declinesLastHour).toBe(0);
    expect(cvcs.recall(PLACE)).toBe('989');
  });

  it('that was erased pays nowhere: nobody is asked', async () => {
    const { one, pay, vault } = await started();
    await pay('one');
    await vault.erase(PLACE);
    expect((await pay('one')).outcome).toEqual({
      kind: 'declined',
      category: 'hard',
      code: 'payment_method_erased',
    });
    expect(one.paidWith).toHaveLength(1);
  });

  it('of another tenant is as good as none', async () => {
    const { one, pay } = await started();
    const cause = { causationId: 'e', correlationId: 'c', tenant: 'tnt_2', traceparent: null };
    expect((await pay('one', { cause })).outcome).toMatchObject({ code: 'payment_method_erased' });
    expect(one.provisioned).toEqual([]);
  });

  it('that cannot be read now moves no money, and another processor may be asked', async () => {
    const { pay, vault, troubles } = await started();
    vault.card = () => Promise.reject(new VaultUnavailableError('the disk is away'));
    expect((await pay('one')).outcome).toEqual({
      kind: 'not_executed',
      evidence: 'vault_unavailable',
    });
    expect(troubles).toHaveLength(1);
  });

  it('that cannot be exchanged for a repetition leaves the original unknown', async () => {
    const { one, pay } = await started();
    one.gives = async () => ({ kind: 'declined', code: 'card_declined' });
    expect((await pay('one', { resend: true })).outcome.kind).toBe('unknown');
    one.gives = async () => ({ kind: 'failed', evidence: 'timeout' });
    expect((await pay('one', { resend: true })).outcome.kind).toBe('unknown');
  });

  it('is not looked at by what names the charge', async () => {
    const { one, pay } = await started();
    await pay('one', { operation: 'capture', about: 'capture' });
    expect(one.provisioned).toEqual([]);
    expect(one.paidWith).toEqual([TOKEN]);
  });
});

describe("a processor's own token", () => {
  it('goes there as it is', async () => {
    const { one, pay } = await started();
    await pay('one', {}, 'pm_sandbox_visa');
    expect([one.provisioned, one.paidWith]).toEqual([[], ['pm_sandbox_visa']]);
  });
});
