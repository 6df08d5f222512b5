import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { sendProblem } from './answers.js';
import type { ApiRequest } from './api-request.js';
import { Refusals } from './refusals.js';

/** Whatever goes wrong over HTTP is answered with a problem. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly refusals: Refusals) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<ApiRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    // Hijacked or already on its way: there is nothing left to say.
    if (!reply.sent) void sendProblem(request, reply, this.refusals.factsOf(error, request));
  }
}
