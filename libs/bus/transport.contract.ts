import { Controller, type INestMicroservice, Module, UseFilters } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { type Observable, of } from 'rxjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SystemTimers } from '#platform/system';
import { AsItIs } from '../nest/as-it-is.filter.js';
import { InProcessBus } from './in-process.bus.js';
import { InProcessTransport } from './in-process.transport.js';

class DiskIsFullError extends Error {
  override name = 'DiskIsFullError';
}

/** A tiny application: each kind of handler that Nest knows. */
function booksModule() {
  @Controller()
  @UseFilters(AsItIs)
  class BooksController {
    @MessagePattern('books.find')
    async find(@Payload() { id }: { id: string }): Promise<{ title: string }> {
      return { title: `book ${id}` };
    }

    @MessagePattern('books.count')
    count(): number {
      return 7;
    }

    @MessagePattern('books.watch')
    watch(): Observable<string> {
      return of('observed');
    }

    @MessagePattern('books.forget')
    forget(): void {}

    @MessagePattern('books.fail')
    async fail(): Promise<never> {
      throw new DiskIsFullError('no space left');
    }

    @MessagePattern('books.fail_at_once')
    failAtOnce(): never {
      throw new DiskIsFullError('no space left');
    }
  }

  @Module({ controllers: [BooksController] })
  class BooksModule {}
  return BooksModule;
}

let app: INestMicroservice;
const bus = new InProcessBus(new SystemTimers());

beforeAll(async () => {
  const module = await Test.createTestingModule({ imports: [booksModule()] }).compile();
  app = module.createNestMicroservice({
    strategy: new InProcessTransport(bus),
    logger: false,
  });
  await app.listen();
});
afterAll(() => app.close());

it('puts every message handler of a Nest application on the bus', async () => {
  expect(await bus.request('books.find', { id: 'b1' })).toEqual({ title: 'book b1' });
  expect(await bus.request('books.count', {})).toBe(7);
  expect(await bus.request('books.watch', {})).toBe('observed');
  expect(await bus.request('books.forget', {})).toBeNull();
});

it.each(['books.fail', 'books.fail_at_once'])(
  'lets the name of what a handler threw through, for %s',
  async (subject) => {
    await expect(bus.request(subject, {})).rejects.toMatchObject({
      reason: 'failed',
      errorName: 'DiskIsFullError',
      message: expect.stringContaining('no space left'),
    });
  },
);

it('says that nobody listens to what no handler is for', async () => {
  await expect(bus.request('books.burn', {})).rejects.toMatchObject({ reason: 'no_responder' });
});
