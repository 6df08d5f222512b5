import { UndiciHttpClient } from '#platform/undici';
import { startSandbox } from '../../../apps/sandbox/sandbox.js';
import {
  describeProcessor,
  type BookedCharge,
  type ContractFault,
  type ProcessorUnderTest,
} from '../processor.contract.js';
import { discoverSandboxProcessors } from './index.js';

const MODES: Record<ContractFault, string> = {
  none: 'none',
  refuse: 'refuse',
  lose_request: 'error_500_before',
  lose_answer: 'error_500_after',
  hang_after: 'timeout_after',
};

type WireCharge = Omit<BookedCharge, 'amountCaptured'> & { amount_captured: number };

async function startUnderTest(name: string): Promise<ProcessorUnderTest> {
  const sandbox = await startSandbox({ port: 0, host: '127.0.0.1' });
  const http = new UndiciHttpClient();
  const control = `${sandbox.url}/processors/${name}`;
  const processors = await discoverSandboxProcessors(sandbox.url, http);
  const processor = processors.find((each) => each.name === name);
  if (!processor) throw new Error(`the sandbox has no ${name}`);
  return {
    processor,
    tokens: {
      good: 'pm_sandbox_visa',
      softDecline: 'pm_sandbox_insufficient_funds',
      hardDecline: 'pm_sandbox_stolen',
    },
    async charges(orderKey) {
      const url = `${control}/books?merchant_reference=${orderKey}`;
      const { body } = await http.request({ method: 'GET', url });
      const { charges } = JSON.parse(body) as { charges: WireCharge[] };
      return charges.map(({ amount_captured: amountCaptured, ...charge }) => ({
        ...charge,
        amountCaptured,
      }));
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

describeProcessor('sandbox_a', () => startUnderTest('sandbox_a'));
describeProcessor('sandbox_b', () => startUnderTest('sandbox_b'));
