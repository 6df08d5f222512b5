import { Controller, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { AsItIs } from '#bus/nest';
import type { Messages } from '#contracts';
import {
  changedWebhookEndpoints,
  enabledWebhookEndpoints,
  toldOf,
  toldTo,
  toldWhom,
  webhookAdmission,
  webhookAudience,
  webhookDeliveries,
  webhookEndpoint,
  webhookEndpoints,
} from '#read-models';
import { ReadModels } from './read-models.js';

type List = Messages['queries.webhook_endpoints.list'];
type Get = Messages['queries.webhook_endpoints.get'];
type Deliveries = Messages['queries.webhook_endpoints.deliveries'];
type Admission = Messages['queries.webhook_endpoints.admission'];
type Enabled = Messages['queries.webhook_endpoints.enabled'];
type News = Messages['queries.webhook_endpoints.news'];
type Feed = Messages['queries.webhook_endpoints.feed'];
type Told = Messages['queries.webhook_endpoints.told'];

/** Webhook endpoints for those who have them, and for those who send to them what they are to hear of. */
@Controller()
@UseFilters(AsItIs)
export class WebhookEndpointsController {
  constructor(private readonly readModels: ReadModels) {}

  @MessagePattern('queries.webhook_endpoints.list')
  async list(@Payload() asked: List['request']): Promise<List['reply']> {
    return webhookEndpoints(await this.readModels.fresh(), asked);
  }

  @MessagePattern('queries.webhook_endpoints.get')
  async get(@Payload() asked: Get['request']): Promise<Get['reply']> {
    return webhookEndpoint(await this.readModels.fresh(), asked);
  }

  @MessagePattern('queries.webhook_endpoints.deliveries')
  async deliveries(@Payload() asked: Deliveries['request']): Promise<Deliveries['reply']> {
    return webhookDeliveries(await this.readModels.fresh(), asked);
  }

  @MessagePattern('queries.webhook_endpoints.admission')
  async admission(@Payload() asked: Admission['request']): Promise<Admission['reply']> {
    return webhookAdmission(await this.readModels.fresh(), asked);
  }

  @MessagePattern('queries.webhook_endpoints.enabled')
  async enabled(@Payload() asked: Enabled['request']): Promise<Enabled['reply']> {
    return enabledWebhookEndpoints(await this.readModels.fresh(), asked);
  }

  @MessagePattern('queries.webhook_endpoints.news')
  async news(@Payload() { after, waitMs }: News['request']): Promise<News['reply']> {
    if (after === null) return { position: this.readModels.position(), told: [], changed: [] };
    const { db, position } = await this.readModels.after(after, waitMs);
    return { position, told: toldWhom(db, after), changed: changedWebhookEndpoints(db, after) };
  }

  @MessagePattern('queries.webhook_endpoints.feed')
  async feed(@Payload() { id, after, limit }: Feed['request']): Promise<Feed['reply']> {
    const db = await this.readModels.fresh();
    const whose = webhookAudience(db, id);
    return whose ? toldTo(db, whose, after ?? whose.registered, limit) : [];
  }

  @MessagePattern('queries.webhook_endpoints.told')
  async told(@Payload() { id, events }: Told['request']): Promise<Told['reply']> {
    const db = await this.readModels.fresh();
    const whose = webhookAudience(db, id);
    return whose ? toldOf(db, whose, events) : [];
  }
}
