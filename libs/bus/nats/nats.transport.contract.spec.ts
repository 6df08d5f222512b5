import { startNatsServer } from '../../../test/support/nats.server.js';
import { describeTransport } from '../transport.contract.js';
import { busOver, connectTo, timers } from './nats.fixture.js';
import { NatsTransport } from './nats.transport.js';

describeTransport('over NATS', async () => {
  const server = await startNatsServer();
  const [asking, answering] = [await connectTo(server), await connectTo(server)];
  const strategy = new NatsTransport(answering, timers, {
    service: 'bursar-books',
    description: 'books of a test',
    version: '1.0.0',
    queue: 'books',
    drainWithinMs: 5_000,
  });
  return {
    bus: busOver(asking),
    strategy,
    close: async () => {
      await asking.close();
      await answering.close();
      await server.dispose();
    },
  };
});
