import { Controller, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Messages } from '#contracts';
import { Clock } from '#platform';
import {
  type Access,
  agentActivity,
  agentOf,
  authenticate,
  identify,
  mandateOf,
} from '#read-models';
import type { ReadModelReader } from '#runtime/projection';
import { ReadModels } from './read-models.js';

type Authenticate = Messages['queries.access.authenticate'];
type Identify = Messages['queries.access.identify'];
type Standing = Messages['queries.agent.standing'];

/** Asked for every request, so these answer at once, and wait for the log only before they say no. */
@Controller()
@UseFilters(AsItIs)
export class AccessController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly clock: Clock,
  ) {}

  @MessagePattern('queries.access.authenticate')
  async authenticate(@Payload() key: Authenticate['request']): Promise<Authenticate['reply']> {
    return this.access((db) => authenticate(db, key));
  }

  @MessagePattern('queries.access.identify')
  async identify(@Payload() agent: Identify['request']): Promise<Identify['reply']> {
    return this.access((db) => identify(db, agent));
  }

  @MessagePattern('queries.agent.standing')
  async standing(@Payload() asked: Standing['request']): Promise<Standing['reply']> {
    return (
      this.standingIn(this.readModels.now(), asked) ??
      this.standingIn(await this.readModels.fresh(), asked, NO_MANDATE) ??
      null
    );
  }

  private async access(look: (db: ReadModelReader) => Access | undefined): Promise<Access> {
    const access = look(this.readModels.now());
    if (access !== undefined && !mayChange(access)) return access;
    // The key, the mandate or the end of the suspension may have been made a moment ago.
    return look(await this.readModels.fresh()) ?? null;
  }

  /** Undefined when the agent was not heard of, or its mandate neither and `unknownMandate` is not given. */
  private standingIn(
    db: ReadModelReader,
    { tenant, agent: id, mandate, currency }: Standing['request'],
    unknownMandate?: typeof NO_MANDATE,
  ): Standing['reply'] | undefined {
    const agent = agentOf(db, tenant, id);
    const known =
      mandate === null ? NO_MANDATE : (mandateOf(db, tenant, mandate) ?? unknownMandate);
    if (!agent || !known) return undefined;
    const activity = agentActivity(db, { tenant, agent: id, currency }, this.clock.now());
    return { ...agent, activity, velocityRules: known.velocityRules, mandate: known.status };
  }
}

const NO_MANDATE = { status: null, velocityRules: false } as const;

/** What the agent would be refused for, though it may have been put right a moment ago. */
function mayChange(access: Access): boolean {
  if (!access?.agent) return false;
  const { status, mandates } = access.agent;
  return status === 'suspended' || mandates.length === 0;
}
