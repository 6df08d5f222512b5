import { Controller, Get, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { EventsQuery, type Page, WorldEventResource } from '#contracts';
import type { ApiRequest } from './api-request.js';
import { Allow } from './authentication.guard.js';
import { Documented } from './documented.js';
import { EventFeed } from './event-feed.js';

/** The events of the JetStream stream, to pull. */
@ApiTags('Events')
@Controller('/v1/events')
export class EventFeedController {
  constructor(private readonly feed: EventFeed) {}

  /** What happened to payments, the oldest first. An agent sees what is about its own. */
  @Get()
  @Allow('agent', 'operator')
  @Documented({ query: EventsQuery, answers: { 200: { pageOf: WorldEventResource } } })
  list(@Req() request: ApiRequest): Promise<Page> {
    return this.feed.list(request);
  }
}
