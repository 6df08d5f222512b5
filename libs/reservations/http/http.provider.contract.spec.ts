import { UndiciHttpClient } from '#platform/undici';
import { startSandbox } from '../../../apps/sandbox/sandbox.js';
import {
  type BookedReservation,
  type ReservationFault,
  type ReservationProviderUnderTest,
  describeReservationProvider,
} from '../reservation.contract.js';
import { createHttpReservationProvider, discoverSandboxMerchants } from './index.js';

const MODES: Record<ReservationFault, string> = {
  none: 'none',
  refuse: 'refuse',
  lose_request: 'error_500_before',
  lose_answer: 'error_500_after',
  hang_after: 'timeout_after',
};

async function startUnderTest(): Promise<ReservationProviderUnderTest> {
  const sandbox = await startSandbox({ port: 0, host: '127.0.0.1' });
  const http = new UndiciHttpClient();
  const control = `${sandbox.url}/merchants/warehouse`;
  const [warehouse] = await discoverSandboxMerchants(sandbox.url, http);
  if (!warehouse) throw new Error('the sandbox has no merchant');
  return {
    provider: createHttpReservationProvider(warehouse, http),
    skus: { available: 'B-1', soldOut: 'SOLD-OUT' },
    async reservations(key) {
      const { body } = await http.request({ method: 'GET', url: `${control}/books` });
      const { reservations } = JSON.parse(body) as {
        reservations: (BookedReservation & { key: string })[];
      };
      return reservations
        .filter((each) => each.key === key)
        .map(({ id, status, items }) => ({ id, status, items }));
    },
    async break(fault) {
      const body = JSON.stringify({ mode: MODES[fault] });
      const { status } = await http.request({ method: 'PUT', url: `${control}/faults`, body });
      if (status !== 200) throw new Error(`the sandbox refused the fault: ${status}`);
    },
    async stop() {
      await http.close();
      await sandbox.stop();
    },
  };
}

describeReservationProvider('http', startUnderTest);
