import { startNatsServer } from '../../../test/support/nats.server.js';
import { describeBus } from '../bus.contract.js';
import { busOver, connectTo, respondOn } from './nats.fixture.js';

describeBus('over NATS', async () => {
  const server = await startNatsServer();
  const [asking, answering] = [await connectTo(server), await connectTo(server)];
  return {
    bus: busOver(asking),
    respond: async (subject, responder) => void (await respondOn(answering, subject, responder)),
    close: async () => {
      await asking.close();
      await answering.close();
      await server.dispose();
    },
  };
});
