import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import type { AgentActivity, Messages } from '#contracts';
import { type CaptureJudgement, type ScreeningFacts, toRfc3339 } from '#domain';
import { Clock } from '#platform';
import { ApprovalTime } from './approval-time.js';

/** What is known before held money is taken: the fraud screen's second opinion. */
@Injectable()
export class CaptureScreen {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly clock: Clock,
    private readonly approvalTime: ApprovalTime,
  ) {}

  async judge(screening: ScreeningFacts): Promise<CaptureJudgement> {
    const { tenant, agent, mandate, payee, amountMinor, currency, paymentMethod } = screening;
    const asked = { tenant, agent, mandate, currency };
    const standing = await this.bus.request('queries.agent.standing', asked);
    const fraud = await this.bus.request('effects.fraud.screen', {
      stage: 'capture',
      ...{ tenant, agent, payee, amountMinor, currency, paymentMethod },
      activity: standing ? before(standing.activity, amountMinor) : NO_ACTIVITY,
      velocityRules: standing?.velocityRules ?? false,
    });
    const approvalDueAt = toRfc3339(this.clock.now() + this.approvalTime.ms);
    return { fraud, approvalDueAt };
  }
}

/** What the agent did besides this payment, which counts since its attempt started. */
function before(activity: AgentActivity, amountMinor: number): AgentActivity {
  const { countLastMinute, countLastHour, countLastDay, amountLastDayMinor } = activity;
  return {
    countLastMinute: Math.max(0, countLastMinute - 1),
    countLastHour: Math.max(0, countLastHour - 1),
    countLastDay: Math.max(0, countLastDay - 1),
    amountLastDayMinor: Math.max(0, amountLastDayMinor - amountMinor),
  };
}

const NO_ACTIVITY: AgentActivity = {
  countLastMinute: 0,
  countLastHour: 0,
  countLastDay: 0,
  amountLastDayMinor: 0,
};
