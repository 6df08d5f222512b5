import { Controller, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Messages, ProcessorCall } from '#contracts';
import { toRfc3339 } from '#domain';
import { Clock } from '#platform';
import { FraudScreen } from '#fraud';
import { ProcessorRegistry } from '#processors';
import { CvcMemory, Vault } from '#vault';
import { ProcessorEffects } from './processor-effects.js';
import { ReservationEffects } from './reservation-effects.js';

type Reply<Subject extends keyof Messages> = Messages[Subject]['reply'];
type FraudQuestion = Messages['effects.fraud.screen']['request'];
type Reservation = Messages['effects.reservations.call'];

/** The effects: the only calls that leave Bursar. */
@Controller()
@UseFilters(AsItIs)
export class ConnectorsController {
  constructor(
    private readonly processors: ProcessorEffects,
    private readonly reservations: ReservationEffects,
    private readonly registry: ProcessorRegistry,
    private readonly fraud: FraudScreen,
    private readonly clock: Clock,
    private readonly vault: Vault,
    private readonly cvcs: CvcMemory,
  ) {}

  @MessagePattern('effects.processors.facts')
  facts(): Reply<'effects.processors.facts'> {
    return this.processors.facts();
  }

  @MessagePattern('effects.processors.call')
  call(@Payload() call: ProcessorCall): Promise<Reply<'effects.processors.call'>> {
    return this.processors.call(call);
  }

  @MessagePattern('effects.reservations.call')
  callReservation(@Payload() asked: Reservation['request']): Promise<Reservation['reply']> {
    return this.reservations.call(asked);
  }

  @MessagePattern('effects.vault.erase')
  async eraseCard(
    @Payload() { tenant, paymentMethod: token }: Messages['effects.vault.erase']['request'],
  ): Promise<Reply<'effects.vault.erase'>> {
    this.cvcs.forget({ tenant, token });
    await this.vault.erase({ tenant, token });
    return { ok: true };
  }

  @MessagePattern('effects.processors.health')
  health(): Reply<'effects.processors.health'> {
    return this.registry.all().map((processor) => {
      const { breaker, consecutiveFailures, lastFailure, calls, failures, lastLatencyMs } =
        processor.health();
      return {
        object: 'processor',
        name: processor.name,
        breaker,
        consecutive_failures: consecutiveFailures,
        last_failure: lastFailure && {
          evidence: lastFailure.evidence,
          at: toRfc3339(lastFailure.at),
        },
        calls,
        failures,
        last_latency_ms: lastLatencyMs === null ? null : Math.round(lastLatencyMs),
      };
    });
  }

  @MessagePattern('effects.fraud.screen')
  async screen(@Payload() question: FraudQuestion): Promise<Reply<'effects.fraud.screen'>> {
    const now = toRfc3339(this.clock.now());
    const verdict = await this.fraud.screen({ ...question, now });
    return {
      stage: question.stage,
      verdict: verdict.verdict,
      reason: verdict.reason,
      score: verdict.score,
      provider: `${verdict.provider}@${verdict.version}`,
      rules: verdict.signals.map(({ rule, observed, threshold, contribution, matched }) => ({
        rule,
        result: matched ? 'matched' : 'not_matched',
        observed,
        threshold,
        contribution,
      })),
      failMode: verdict.failMode ?? null,
      error: verdict.error ?? null,
    };
  }
}
