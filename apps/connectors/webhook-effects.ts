import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import type { Messages } from '#contracts';
import { Clock } from '#platform';
import { WebhookSender } from '#webhooks';

type Check = Messages['effects.webhooks.check'];
type Deliver = Messages['effects.webhooks.deliver'];

/** Sending events to those who want them. */
@Injectable()
export class WebhookEffects {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly clock: Clock,
    private readonly sender: WebhookSender,
  ) {}

  check({ url }: Check['request']): Check['reply'] {
    return this.sender.check(url);
  }

  /** The write side signs: no secret comes here, and nothing is sent for an endpoint that it does not have enabled right now. */
  async deliver({ endpoint, event, body }: Deliver['request']): Promise<Deliver['reply']> {
    const timestamp = Math.floor(this.clock.now() / 1_000);
    const asked = { id: endpoint, event, timestamp, body };
    const signed = await this.bus.request('commands.webhook_endpoint.sign', asked);
    return signed && this.sender.send({ ...signed, id: event, timestamp, body });
  }
}
