import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VirtualClock } from '#platform/memory';
import { Card } from '#processors';
import type { NewCard, Vault } from './vault.port.js';
import { DAY_MS, HOUR_MS, MINUTES_10_MS } from './windows.js';

export interface VaultUnderTest {
  vault: Vault;
  clock: VirtualClock;
  stop(): Promise<void>;
}

const CARD = new Card({ number: '4242424242424242', expMonth: 7, expYear: 2031, cvc: '989' });
const OTHER = new Card({ number: '5555555555554444', expMonth: 7, expYear: 2031 });
const PLACE = { tenant: 'tnt_a', token: 'pm_1' };

/** What every vault must do. */
export function describeVault(name: string, start: () => Promise<VaultUnderTest>): void {
  describe(`the vault ${name}`, () => {
    let tested: VaultUnderTest;
    let vault: Vault;
    beforeEach(async () => {
      tested = await start();
      ({ vault } = tested);
    });
    afterEach(() => tested.stop());

    const newCard = async (card = CARD, tenant = PLACE.tenant): Promise<NewCard> => ({
      card,
      marks: await vault.marksOf(tenant, card),
      by: 'agt_1',
    });

    it('gives back number and expiry, and never a CVC', async () => {
      expect(await vault.keep(PLACE, await newCard())).toBe('kept');
      const card = await vault.card(PLACE);
      expect([card?.number, card?.expMonth, card?.expYear]).toEqual(['4242424242424242', 7, 2031]);
      expect(card?.cvc).toBeUndefined();
    });

    it('knows a token of its tenant only', async () => {
      await vault.keep(PLACE, await newCard());
      expect(await vault.card({ ...PLACE, tenant: 'tnt_b' })).toBeNull();
      expect(await vault.card({ ...PLACE, token: 'pm_2' })).toBeNull();
    });

    it('keeps the same card again, and no other one under its token', async () => {
      await vault.keep(PLACE, await newCard());
      expect(await vault.keep(PLACE, await newCard())).toBe('kept');
      expect(await vault.keep(PLACE, await newCard(OTHER))).toBe('taken');
      expect((await vault.card(PLACE))?.number).toBe('4242424242424242');
    });

    it('marks a card the same within a tenant, and otherwise at every tenant', async () => {
      const marks = await vault.marksOf('tnt_a', CARD);
      const later = new Card({ number: CARD.number, expMonth: 8, expYear: 2031 });
      const withoutCvc = new Card({ number: CARD.number, expMonth: 7, expYear: 2031 });
      expect(await vault.marksOf('tnt_a', withoutCvc)).toEqual(marks);
      const renewed = await vault.marksOf('tnt_a', later);
      expect(renewed.fingerprint).toBe(marks.fingerprint);
      expect(renewed.request).not.toBe(marks.request);
      const elsewhere = await vault.marksOf('tnt_b', CARD);
      expect(elsewhere.fingerprint).not.toBe(marks.fingerprint);
      expect(elsewhere.request).not.toBe(marks.request);
      expect(marks.fingerprint).not.toBe(marks.request);
    });

    it('keeps the first token of each processor', async () => {
      await vault.keep(PLACE, await newCard());
      expect(await vault.processorToken(PLACE, 'one')).toBeNull();
      await vault.keepProcessorToken(PLACE, 'one', 'tok_1');
      await vault.keepProcessorToken(PLACE, 'one', 'tok_2');
      await vault.keepProcessorToken(PLACE, 'two', 'tok_3');
      expect(await vault.processorToken(PLACE, 'one')).toBe('tok_1');
      expect(await vault.processorToken(PLACE, 'two')).toBe('tok_3');
      expect(await vault.processorToken({ ...PLACE, tenant: 'tnt_b' }, 'one')).toBeNull();
    });

    it('has nothing left of an erased card, and lets nobody use its token again', async () => {
      await vault.keep(PLACE, await newCard());
      await vault.keepProcessorToken(PLACE, 'one', 'tok_1');
      await vault.erase(PLACE);
      await vault.erase(PLACE);
      await vault.keepProcessorToken(PLACE, 'two', 'tok_2');
      expect(await vault.card(PLACE)).toBeNull();
      expect(await vault.processorToken(PLACE, 'one')).toBeNull();
      expect(await vault.processorToken(PLACE, 'two')).toBeNull();
      expect(await vault.keep(PLACE, await newCard())).toBe('taken');
    });

    it('counts different cards of whoever brings them, in windows', async () => {
      const seen = (fingerprint: string, by = 'agt_1', tenant = 'tnt_a') =>
        vault.noteCard({ tenant, by, fingerprint });
      await seen('a');
      await seen('a');
      await seen('x', 'agt_2');
      await seen('y', 'agt_1', 'tnt_b');
      expect(await seen('b')).toMatchObject({ cardsLast10Minutes: 2, cardsLastDay: 2 });
      tested.clock.moveTo(tested.clock.monotonicMs() + MINUTES_10_MS);
      expect(await seen('c')).toMatchObject({ cardsLast10Minutes: 1, cardsLastHour: 3 });
      tested.clock.moveTo(tested.clock.monotonicMs() + HOUR_MS);
      expect(await seen('d')).toMatchObject({ cardsLastHour: 1, cardsLastDay: 4 });
      tested.clock.moveTo(tested.clock.monotonicMs() + DAY_MS);
      expect(await seen('e')).toMatchObject({ cardsLastDay: 1 });
    });

    it('counts declines against whoever brought the card', async () => {
      await vault.keep(PLACE, await newCard());
      await vault.noteDecline(PLACE);
      await vault.noteDecline(PLACE);
      await vault.noteDecline({ ...PLACE, token: 'pm_2' });
      const declines = async (by: string) => {
        const { declinesLastHour, declinesLastDay } = await vault.noteCard({
          tenant: 'tnt_a',
          by,
          fingerprint: 'f',
        });
        return [declinesLastHour, declinesLastDay];
      };
      expect(await declines('agt_1')).toEqual([2, 2]);
      expect(await declines('agt_2')).toEqual([0, 0]);
      tested.clock.moveTo(tested.clock.monotonicMs() + HOUR_MS);
      expect(await declines('agt_1')).toEqual([0, 2]);
    });
  });
}
