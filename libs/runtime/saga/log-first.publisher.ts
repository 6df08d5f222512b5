import type { IEventPublisher } from '@nestjs/cqrs';

/** Nobody publishes what is not stored: the event bus is fed from the log and from nowhere else. */
export class LogFirstPublisher implements IEventPublisher {
  publish(): never {
    throw new Error('Append to the event store; the event bus is fed from the log.');
  }
}
