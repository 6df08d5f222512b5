import { SystemTimers } from '#platform/system';
import { describeBus } from '../bus.contract.js';
import { InProcessBus } from './in-process.bus.js';

describeBus('in process', async () => {
  const bus = new InProcessBus(new SystemTimers());
  return {
    bus,
    respond: async (subject, responder) => bus.respond(subject, responder),
    close: async () => {},
  };
});
