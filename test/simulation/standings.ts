import type { Messages } from '#contracts';
import type { RecordedEvent } from '#event-store';
import type { Kernel } from './kernel.js';

type Standing = Messages['queries.agent.standing'];

/** How far the read model may be behind the log. */
const LAG_MS = 200;

interface Fact {
  atMs: number;
  active: boolean;
}

/** Stands in for the read model of agents and mandates: what the log said a moment ago. */
export class Standings {
  private readonly facts = new Map<string, Fact[]>();
  /** Streams of mandates, and of the mandates above them. */
  private readonly parents = new Map<string, string>();

  constructor(private readonly kernel: Kernel) {}

  saw({ type, stream, data }: RecordedEvent): void {
    const active = ACTIVE[type];
    if (active === undefined) return;
    const terms = data['terms'] as { parent?: string | null } | undefined;
    if (terms?.parent) this.parents.set(stream, streamOf(terms.parent));
    const known = this.facts.get(stream) ?? [];
    this.facts.set(stream, [...known, { atMs: this.kernel.nowMs, active }]);
  }

  standing({ agent, mandate }: Standing['request']): Standing['reply'] {
    const lagMs = this.kernel.prng.below(LAG_MS);
    const known = this.asOf(`agent-${agent.replace(/^agt_/, '')}`, lagMs);
    if (known === undefined) return null;
    const mandateActive = mandate === null ? undefined : this.isValid(streamOf(mandate), lagMs);
    return {
      name: 'Buyer',
      status: known ? 'active' : 'suspended',
      activity: { countLastMinute: 0, countLastHour: 0, countLastDay: 0, amountLastDayMinor: 0 },
      velocityRules: false,
      mandate: mandateActive === undefined ? null : mandateActive ? 'active' : 'revoked',
    };
  }

  /** Revoking a mandate ends those below it. */
  private isValid(mandate: string, lagMs: number): boolean | undefined {
    const parent = this.parents.get(mandate);
    const active = this.asOf(mandate, lagMs);
    return active && parent !== undefined ? this.isValid(parent, lagMs) : active;
  }

  private asOf(stream: string, lagMs: number): boolean | undefined {
    const facts = this.facts.get(stream);
    const seen = facts?.findLast(({ atMs }) => atMs <= this.kernel.nowMs - lagMs) ?? facts?.[0];
    return seen?.active;
  }
}

function streamOf(mandate: string): string {
  return mandate.replace(/^mnd_/, 'mandate-');
}

const ACTIVE: Readonly<Record<string, boolean>> = {
  AgentRegistered: true,
  AgentSuspended: false,
  AgentResumed: true,
  MandateGranted: true,
  MandateRevoked: false,
};
