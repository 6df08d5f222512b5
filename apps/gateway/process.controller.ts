import { Controller, Get, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Metrics } from '#metrics';
import { Readiness } from './readiness.port.js';

/** For those who run the process; no credentials, and nothing about anybody. */
@ApiExcludeController()
@Controller()
export class ProcessController {
  constructor(
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
  ) {}

  /** The process serves. */
  @Get('healthz')
  healthz(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** 503 while requests should go elsewhere. */
  @Get('readyz')
  readyz(@Res() reply: FastifyReply): void {
    const ready = this.readiness.ready();
    const reasons = this.readiness.reasons();
    void reply.status(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not_ready', reasons });
  }

  @Get('metrics')
  async text(@Res() reply: FastifyReply): Promise<void> {
    const text = await this.metrics.text();
    void reply.header('content-type', this.metrics.contentType).send(text);
  }
}
