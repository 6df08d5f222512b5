import { PolicyEngine, type PolicyDecision, type PolicyInput } from '#policy';

/** Categories of payees about which a human is asked, and to whom nothing is paid. */
export const ASKING = '6011';
export const DENYING = '7995';

/** Decides by the payee's category, as the default bundle does: the port, without the engine behind it. */
export class SimPolicyEngine extends PolicyEngine {
  readonly bundle = 'simulated@1';

  decide({ payee }: PolicyInput): PolicyDecision {
    const asks = payee.mcc === ASKING;
    const denies = payee.mcc === DENYING;
    const rule = denies ? 'no-gambling' : asks ? 'ask-cash' : 'purchases';
    return {
      decision: denies ? 'deny' : asks ? 'ask' : 'allow',
      bundle: this.bundle,
      determining: [rule],
      evaluated: [],
      errors: [],
      inputs: {},
    };
  }
}
