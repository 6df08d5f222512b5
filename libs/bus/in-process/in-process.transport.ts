import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import type { InProcessBus } from './in-process.bus.js';

/** Puts every `@MessagePattern` handler of a Nest application on the in-process bus, as the NATS transport does on NATS. */
export class InProcessTransport extends Server implements CustomTransportStrategy {
  constructor(private readonly bus: InProcessBus) {
    super();
  }

  listen(done: () => void): void {
    for (const [subject, handler] of this.messageHandlers) {
      this.bus.respond(subject, async (payload) =>
        firstValueFrom(this.transformToObservable(await handler(payload, { subject }))),
      );
    }
    done();
  }

  close(): void {}

  on(): void {}

  unwrap<T>(): T {
    return this.bus as T;
  }
}
