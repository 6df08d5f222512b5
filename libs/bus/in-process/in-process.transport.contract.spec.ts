import { SystemTimers } from '#platform/system';
import { describeTransport } from '../transport.contract.js';
import { InProcessBus } from './in-process.bus.js';
import { InProcessTransport } from './in-process.transport.js';

describeTransport('in process', async () => {
  const bus = new InProcessBus(new SystemTimers());
  return { bus, strategy: new InProcessTransport(bus), close: async () => {} };
});
