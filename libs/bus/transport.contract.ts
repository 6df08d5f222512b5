import { Controller, type INestMicroservice, Module, UseFilters } from '@nestjs/common';
import { type CustomTransportStrategy, MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { type Observable, of } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bus } from './bus.port.js';
import { AsItIs } from './nest/as-it-is.filter.js';

export interface TransportUnderTest {
  bus: Bus;
  strategy: CustomTransportStrategy;
  close(): Promise<void>;
}

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
      throw new DiskIsFullError('no space left\non any disk');
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

/** The tiny application, on the bus by this strategy. */
export async function startBooks(strategy: CustomTransportStrategy): Promise<INestMicroservice> {
  const module = await Test.createTestingModule({ imports: [booksModule()] }).compile();
  const app = module.createNestMicroservice({ strategy, logger: false });
  await app.listen();
  return app;
}

/** What every way of putting a Nest application on a bus does. */
export function describeTransport(name: string, open: () => Promise<TransportUnderTest>): void {
  describe(`the transport ${name}`, () => {
    let under: TransportUnderTest;
    let app: INestMicroservice;
    beforeAll(async () => {
      under = await open();
      app = await startBooks(under.strategy);
    });
    afterAll(async () => {
      await app.close();
      await under.close();
    });

    it('puts every message handler of a Nest application on the bus', async () => {
      const { bus } = under;
      expect(await bus.request('books.find', { id: 'b1' })).toEqual({ title: 'book b1' });
      expect(await bus.request('books.count', {})).toBe(7);
      expect(await bus.request('books.watch', {})).toBe('observed');
      expect(await bus.request('books.forget', {})).toBeNull();
    });

    it.each(['books.fail', 'books.fail_at_once'])(
      'lets the name of what a handler threw through, for %s',
      async (subject) => {
        await expect(under.bus.request(subject, {})).rejects.toMatchObject({
          reason: 'failed',
          errorName: 'DiskIsFullError',
          message: expect.stringContaining('no space left'),
        });
      },
    );

    it('says that nobody listens to what no handler is for', async () => {
      await expect(under.bus.request('books.burn', {})).rejects.toMatchObject({
        reason: 'no_responder',
      });
    });
  });
}
