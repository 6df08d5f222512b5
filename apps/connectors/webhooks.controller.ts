import { Controller, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Messages } from '#contracts';
import { WebhookEffects } from './webhook-effects.js';

type Check = Messages['effects.webhooks.check'];
type Deliver = Messages['effects.webhooks.deliver'];

@Controller()
@UseFilters(AsItIs)
export class WebhooksController {
  constructor(private readonly webhooks: WebhookEffects) {}

  @MessagePattern('effects.webhooks.check')
  check(@Payload() asked: Check['request']): Check['reply'] {
    return this.webhooks.check(asked);
  }

  @MessagePattern('effects.webhooks.deliver')
  deliver(@Payload() asked: Deliver['request']): Promise<Deliver['reply']> {
    return this.webhooks.deliver(asked);
  }
}
