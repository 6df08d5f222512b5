import { Controller, UseFilters } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Messages } from '#contracts';
import { Clock } from '#platform';
import { ToPurchase } from './actors.js';
import { metaOfCause } from './calls.js';
import { PurchaseWindow } from './purchase-window.js';

type Claim = Messages['commands.purchase.claim'];
type Free = Messages['commands.purchase.free'];

/** The duplicate guard. */
@Controller()
@UseFilters(AsItIs)
export class PurchasesController {
  constructor(
    private readonly commandBus: CommandBus,
    private readonly clock: Clock,
    private readonly window: PurchaseWindow,
  ) {}

  @MessagePattern('commands.purchase.claim')
  async claim(@Payload() asked: Claim['request']): Promise<Claim['reply']> {
    const { purchase, intent, agent, distinctFrom } = asked;
    const message = {
      type: 'ClaimPurchase',
      intent,
      agent,
      distinctFrom,
      windowMs: this.window.lengthMs,
      nowMs: this.clock.now(),
    } as const;
    const told = await this.commandBus.execute(
      new ToPurchase(purchase, message, metaOfCause(asked)),
    );
    return told.ok
      ? { claimed: true, code: null, earlier: [] }
      : { claimed: false, code: told.code, earlier: [...told.details.earlier] };
  }

  /** Never refused: also what was not claimed yet is free, and stays so. */
  @MessagePattern('commands.purchase.free')
  async free(@Payload() asked: Free['request']): Promise<Free['reply']> {
    const message = {
      type: 'FreePurchase',
      intent: asked.intent,
      nowMs: this.clock.now(),
    } as const;
    const told = await this.commandBus.execute(
      new ToPurchase(asked.purchase, message, metaOfCause(asked)),
    );
    return { ok: told.ok };
  }
}
