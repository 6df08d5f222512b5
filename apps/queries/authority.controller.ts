import { Controller, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Messages } from '#contracts';
import { Clock } from '#platform';
import { MandateFigures, mandatesOf } from '#read-models';
import { ReadModels } from './read-models.js';

type Authority = Messages['queries.authority'];

@Controller()
@UseFilters(AsItIs)
export class AuthorityController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly figures: MandateFigures,
    private readonly clock: Clock,
  ) {}

  @MessagePattern('queries.authority')
  async authority(@Payload() { tenant, agent }: Authority['request']): Promise<Authority['reply']> {
    const mandates = mandatesOf(await this.readModels.fresh(), tenant, agent);
    const standings = await Promise.all(
      mandates.map(async ({ id: mandate }) => {
        const standing = await this.figures.standing(mandate, this.clock.now());
        return standing && { mandate, ...standing };
      }),
    );
    return standings.filter((standing) => standing !== null);
  }
}
