import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Random, Timers } from '#platform';
import { HTTP_OPTIONS, configureHttp } from '../gateway/configure-http.js';
import { createHttpAdapter } from '../gateway/http.adapter.js';
import { RedactedLogger } from './redacted.logger.js';

/** A Nest application whose routes are open over HTTP, and can be closed without cutting off whoever came in. */
export class HttpDoor {
  private stopping = false;

  private constructor(readonly app: NestFastifyApplication) {
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onSend', (_request, reply, _payload, done) => {
        // A connection kept for the next request would hold up the end.
        if (this.stopping) void reply.header('connection', 'close');
        done();
      });
  }

  static async create(module: DynamicModule, random: Random): Promise<HttpDoor> {
    const app = await NestFactory.create<NestFastifyApplication>(
      module,
      createHttpAdapter(random),
      { ...HTTP_OPTIONS, logger: new RedactedLogger(), abortOnError: false },
    );
    configureHttp(app);
    return new HttpDoor(app);
  }

  /** Resolves with the address. @throws the system's error when the port is taken */
  async open(port: number, host: string): Promise<string> {
    await this.app.listen(port, host);
    const address = this.app.getHttpServer().address();
    if (address === null || typeof address === 'string') throw new Error('not listening on a port');
    return `http://${host}:${address.port}`;
  }

  /** Takes no more connections and answers what arrived; what has no answer after that time is cut. */
  async close(withinMs: number, timers: Timers): Promise<void> {
    this.stopping = true;
    const cancel = timers.after(withinMs, () => this.app.getHttpServer().closeAllConnections());
    await this.app.getHttpAdapter().close();
    cancel();
  }
}
