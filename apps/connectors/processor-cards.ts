import { Injectable } from '@nestjs/common';
import type { ProcessorCall } from '#contracts';
import type { Outcome, PrepareOutcome } from '#domain';
import { Trouble } from '#platform';
import { Card, type GuardedProcessor, type ProvisionOutcome, UNKNOWN_METHOD } from '#processors';
import { type CardPlace, CvcMemory, Vault } from '#vault';

/** What a processor is to be told a payment is made with; or how the attempt ends, because it has nothing to go by there. */
export type Resolved =
  | { paymentMethod: string }
  | { outcome: Extract<Outcome & PrepareOutcome, { kind: 'declined' | 'not_executed' }> };

/** Only what may need the card: everything else names the charge. */
const WITH_CARD: readonly ProcessorCall['operation'][] = ['prepare', 'authorize'];
const VAULT_TOKEN = /^pm_[a-z2-7]{26}$/;

/**
 * Cards of the vault at processors: each gets its own token for a card when it is first paid with there, and nobody else sees
 * the card.
 */
@Injectable()
export class ProcessorCards {
  private readonly underWay = new Map<string, Promise<Resolved>>();

  constructor(
    private readonly vault: Vault,
    private readonly cvcs: CvcMemory,
    private readonly trouble: Trouble,
  ) {}

  /** Never rejects. A token that is not the vault's is the processor's own. */
  async resolve(call: ProcessorCall, processor: GuardedProcessor): Promise<Resolved> {
    const { paymentMethod } = call.order;
    if (!WITH_CARD.includes(call.operation) || !VAULT_TOKEN.test(paymentMethod))
      return { paymentMethod };
    const place = placeOf(call);
    const name = `${processor.name}/${place.tenant}/${place.token}`;
    const known = this.underWay.get(name);
    if (known) return known;
    const resolving = this.find(place, processor).finally(() => this.underWay.delete(name));
    this.underWay.set(name, resolving);
    return resolving;
  }

  /** What came of a call: an authorization that was sent has used the CVC, and a decline counts against whoever brought the card. */
  async heed(call: ProcessorCall, outcome: { kind: string; code?: string }): Promise<void> {
    if (!VAULT_TOKEN.test(call.order.paymentMethod)) return;
    // The processor has forgotten its token: it saw no card.
    if (outcome.kind === 'declined' && outcome.code === UNKNOWN_METHOD.code) return;
    const place = placeOf(call);
    const isSent = call.operation === 'authorize' && outcome.kind !== 'not_executed';
    if (isSent || outcome.kind === 'declined') this.cvcs.forget(place);
    if (outcome.kind !== 'declined' || !WITH_CARD.includes(call.operation)) return;
    try {
      await this.vault.noteDecline(place);
    } catch (error) {
      this.trouble.report('a decline could not be counted', error);
    }
  }

  private async find(place: CardPlace, processor: GuardedProcessor): Promise<Resolved> {
    try {
      const known = await this.vault.processorToken(place, processor.name);
      if (known !== null) return { paymentMethod: known };
      const card = await this.vault.card(place);
      // Erased since the payment was asked for: nobody else should be tried either.
      if (!card) return { outcome: hardDecline('payment_method_erased') };
      return await this.provision(place, card, processor);
    } catch (error) {
      this.trouble.report('a card could not be read from the vault', error);
      return { outcome: { kind: 'not_executed', evidence: 'vault_unavailable' } };
    }
  }

  private async provision(
    place: CardPlace,
    kept: Card,
    processor: GuardedProcessor,
  ): Promise<Resolved> {
    const cvc = this.cvcs.recall(place);
    const { number, expMonth, expYear } = kept;
    const card = cvc === undefined ? kept : new Card({ number, expMonth, expYear, cvc });
    // With and without a CVC are different requests, so each has a key of its own.
    const key = `${place.token}-${cvc === undefined ? 'pn' : 'pc'}`;
    const { outcome } = await processor.provision(card, key);
    if (outcome.kind !== 'provisioned') return { outcome: endOf(outcome) };
    await this.vault.keepProcessorToken(place, processor.name, outcome.token);
    return { paymentMethod: outcome.token };
  }
}

/** No money can have moved: another processor may be asked, unless this one knows that the card is no good. */
function endOf(
  outcome: Exclude<ProvisionOutcome, { kind: 'provisioned' }>,
): Extract<Resolved, { outcome: unknown }>['outcome'] {
  if (outcome.kind === 'failed')
    return { kind: 'not_executed', evidence: `provision_${outcome.evidence}` };
  const { code, message } = outcome;
  return { ...hardDecline(code), ...(message !== undefined && { message }) };
}

function hardDecline(code: string) {
  return { kind: 'declined', category: 'hard', code } as const;
}

function placeOf({ cause, order }: ProcessorCall): CardPlace {
  return { tenant: cause.tenant, token: order.paymentMethod };
}
