import { Controller, UseFilters } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Answer, Caused, Messages } from '#contracts';
import {
  type MandateCheck,
  type MandateCommand,
  type MandateRefusal,
  type MandateTerms,
  CHAIN_MAX,
  type Operation,
  toRfc3339,
  wideningsOf,
} from '#domain';
import { EventStore, readWholeStream } from '#event-store';
import { Clock } from '#platform';
import type { MessageMeta } from '#runtime';
import { ToMandate } from './actors.js';
import { metaOfCall, metaOfCause, operationId, refuse, storeTrouble } from './calls.js';
import { concludedOperation } from './operations.js';

type Grant = Messages['commands.mandate.grant']['request'];
type Reserve = Messages['commands.mandate.reserve'];
type Settle = Messages['commands.mandate.settle'];
type Untimed<T> = T extends unknown ? Omit<T, 'nowMs'> : never;

/**
 * A payment must pass its mandate and every mandate above it, and reserves in all of them. The chain is walked upward, mandate by
 * mandate; each one's answer is idempotent, so a walk that was cut short is simply walked again.
 */
@Controller()
@UseFilters(AsItIs)
export class MandatesController {
  constructor(
    private readonly commandBus: CommandBus,
    private readonly clock: Clock,
    private readonly store: EventStore,
  ) {}

  @MessagePattern('commands.mandate.grant')
  async grant(@Payload() call: Grant): Promise<Answer> {
    const stream = operationId(call);
    const id = `mnd_${stream}`;
    const { principal, terms, request } = call;
    try {
      const objection = await this.objectionTo(call, id);
      if (objection) return objection;
    } catch (error) {
      return storeTrouble(call, error);
    }
    const nowMs = this.clock.now();
    const created = { object: 'mandate', id, status: 'active', ...terms };
    const body = JSON.stringify({ ...created, created_at: toRfc3339(nowMs) });
    const operation = { id: stream, request, status: 201, body };
    const { tenant, id: by } = principal;
    const grant = { type: 'GrantMandate', id, tenant, terms, by, operation } as const;
    return concludedOperation(call, () => this.tell(id, grant, metaOfCall(call, id)));
  }

  @MessagePattern('commands.mandate.revoke')
  async revoke(@Payload() call: Messages['commands.mandate.revoke']['request']): Promise<Answer> {
    const { principal, mandate, request } = call;
    const body = JSON.stringify({ object: 'mandate', id: mandate, status: 'revoked' });
    const operation: Operation = { id: operationId(call), request, status: 200, body };
    const { tenant, id: by } = principal;
    const revoke = { type: 'RevokeMandate', tenant, by, operation } as const;
    return concludedOperation(call, () => this.tell(mandate, revoke, metaOfCall(call, mandate)));
  }

  /**
   * What was reserved before a refusal stays held until the payment has failed and is settled: another process may be walking for
   * the same payment, find room above meanwhile, and go on with it.
   */
  @MessagePattern('commands.mandate.reserve')
  async reserve(@Payload() asked: Reserve['request']): Promise<Reserve['reply']> {
    const { tenant, agent, intent, amountMinor, currency, payee } = asked;
    const payment = { tenant, agent, intent, amountMinor, currency, payee };
    const checks: MandateCheck[] = [];
    let refusal: MandateRefusal | null = null;
    let next: string | null = asked.mandate;
    for (let level = 0; next !== null; level += 1) {
      const mandate: string = next;
      // The mandates above one that refuses reserve nothing, but say what they have room for.
      const manner = { onBehalf: level > 0, onlyJudge: refusal !== null };
      const told = await this.tell(
        mandate,
        { type: 'ReserveBudget', ...payment, ...manner },
        metaOf(asked, mandate),
      );
      if (!told.ok) refusal ??= told.code;
      next = told.state.terms?.parent ?? null;
      const prefix = 'parent.'.repeat(level);
      for (const check of told.details?.checks ?? [])
        checks.push({ ...check, rule: `${prefix}${check.rule}` });
    }
    return { decision: refusal === null ? 'reserved' : 'refused', code: refusal, checks };
  }

  /** Never refused: what was spent is spent, what was not is free. */
  @MessagePattern('commands.mandate.settle')
  async settle(@Payload() asked: Settle['request']): Promise<Settle['reply']> {
    const { intent, spentMinor } = asked;
    const command: Untimed<MandateCommand> =
      spentMinor > 0
        ? { type: 'CommitSpend', intent, amountMinor: spentMinor }
        : { type: 'ReleaseBudget', intent };
    let ok = true;
    let next: string | null = asked.mandate;
    while (next !== null) {
      const told = await this.tell(next, command, metaOf(asked, next));
      ok &&= told.ok;
      next = told.state.terms?.parent ?? null;
    }
    return { ok };
  }

  /** Why the mandate cannot be granted now; null when it can, or was already: then its recorded answer counts. */
  private async objectionTo(call: Grant, id: string): Promise<Answer | null> {
    const { principal, terms } = call;
    const { tenant } = principal;
    const inspect = { type: 'InspectMandate', tenant } as const;
    if ((await this.tell(id, inspect, metaOfCall(call, id))).ok) return null;
    if (!(await this.hasAgent(tenant, terms.agent)))
      return refuse(call, 'not_found', 'There is no such agent.', missing('/agent'));
    const above: MandateTerms[] = [];
    for (let next = terms.parent; next && above.length < CHAIN_MAX;) {
      const told = await this.tell(next, inspect, metaOfCall(call, id));
      const { terms: found, status } = told.state;
      if (!told.ok || !found)
        return refuse(call, 'not_found', 'There is no such mandate.', missing('/parent'));
      if (status === 'revoked') {
        const violations = [{ pointer: '/parent', rule: 'active' }];
        return refuse(call, 'mandate_revoked', 'The mandate above is revoked.', { violations });
      }
      above.push(found);
      next = found.parent;
    }
    const violations = wideningsOf(terms, above).map((widening) => ({ ...widening }));
    if (violations.length === 0) return null;
    const detail = 'A mandate under another one may only be narrower.';
    return refuse(call, 'validation_failed', detail, { violations });
  }

  private tell(mandate: string, command: Untimed<MandateCommand>, meta: MessageMeta) {
    const message = { ...command, nowMs: this.clock.now() } as MandateCommand;
    return this.commandBus.execute(new ToMandate(streamOf(mandate), message, meta));
  }

  private async hasAgent(tenant: string, agent: string): Promise<boolean> {
    if (!AGENT_ID.test(agent)) return false;
    const stream = `agent-${agent.slice('agt_'.length)}`;
    for await (const { metadata } of readWholeStream(this.store, stream))
      return metadata['tenant'] === tenant;
    return false;
  }
}

const AGENT_ID = /^agt_[a-z2-7]{26}$/;

/** One command asks several mandates: what each is told has an id of its own. */
function metaOf(asked: Caused, mandate: string): MessageMeta {
  return metaOfCause({ ...asked, commandId: `${asked.commandId}/${mandate}` });
}

function missing(pointer: string) {
  return { violations: [{ pointer, rule: 'exists' }] };
}

/** `agt_…` and `mnd_…` are how ids are shown; streams go by what follows. */
function streamOf(mandate: string): string {
  return mandate.replace(/^mnd_/, '');
}
