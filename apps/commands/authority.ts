import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { Caused, Payer } from '#contracts';
import type { AuthorityNow } from '#domain';
import { Clock } from '#platform';
import type { MessageMeta } from '#runtime';
import { ToAgent, ToMandate } from './actors.js';
import { metaOfCause } from './calls.js';

/**
 * Whether somebody still may pay, read from the streams themselves right before it is acted on: however far read models and
 * messages are behind, what was suspended or revoked before is seen.
 */
@Injectable()
export class Authority {
  constructor(
    private readonly commandBus: CommandBus,
    private readonly clock: Clock,
  ) {}

  async now(payer: Payer, cause: Caused): Promise<AuthorityNow> {
    const meta = metaOfCause(cause);
    const isRevoked = await this.isRevoked(payer, meta);
    // Last, and alone: the mandates were asked for the budget a moment ago, nobody else looked at the agent.
    const isActive = await this.isActive(payer, meta);
    return !isActive ? 'agent_suspended' : isRevoked ? 'mandate_revoked' : 'active';
  }

  /** Nobody, of whom nothing is known, is not. */
  private async isActive({ tenant, agent }: Payer, meta: MessageMeta): Promise<boolean> {
    const inspect = { type: 'InspectAgent', tenant } as const;
    const id = agent.replace(/^agt_/, '');
    const told = await this.commandBus.execute(new ToAgent(id, inspect, meta));
    return told.ok && told.state.status === 'active';
  }

  /** Its own mandate, or one above it. */
  private async isRevoked({ tenant, mandate }: Payer, meta: MessageMeta): Promise<boolean> {
    for (let next = mandate; next !== null;) {
      const inspect = { type: 'InspectMandate', tenant, nowMs: this.clock.now() } as const;
      const id = next.replace(/^mnd_/, '');
      const { ok, state } = await this.commandBus.execute(new ToMandate(id, inspect, meta));
      if (ok && state.status === 'revoked') return true;
      next = (ok && state.terms?.parent) || null;
    }
    return false;
  }
}
