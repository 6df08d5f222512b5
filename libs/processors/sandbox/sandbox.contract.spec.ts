import { describe, expect, it } from 'vitest';
import { VirtualClock } from '#platform/memory';
import { UndiciHttpClient } from '#platform/undici';
import { startSandbox } from '../../../apps/sandbox/sandbox.js';
import {
  describeProcessor,
  type BookedCharge,
  type ContractFault,
  type ProcessorUnderTest,
} from '../processor.contract.js';
import { Card } from '../card.js';
import { discoverSandboxProcessors } from './index.js';

const MODES: Record<ContractFault, string> = {
  none: 'none',
  refuse: 'refuse',
  lose_request: 'error_500_before',
  lose_answer: 'error_500_after',
  hang_after: 'timeout_after',
};

const AUTHORIZATION_VALID_FOR_MS = 60_000;
const LASTS_MS = {
  refund_settlement: 1_000,
  authorization: AUTHORIZATION_VALID_FOR_MS,
  decision: 0,
};

type WireCharge = Omit<BookedCharge, 'amountCaptured' | 'amountRefunded'> & {
  amount_captured: number;
  amount_refunded: number;
};

async function startUnderTest(name: string): Promise<ProcessorUnderTest> {
  const clock = new VirtualClock();
  const authorizationValidForMs = AUTHORIZATION_VALID_FOR_MS;
  const sandbox = await startSandbox({
    port: 0,
    host: '127.0.0.1',
    clock,
    authorizationValidForMs,
  });
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
      refundPending: 'pm_sandbox_refund_pending',
      refundFails: 'pm_sandbox_refund_fails',
      refundRefused: 'pm_sandbox_refund_refused',
    },
    cards: {
      good: new Card({ number: '4242424242424242', expMonth: 7, expYear: 2031, cvc: '989' }),
      refused: new Card({ number: '4000000000000002', expMonth: 7, expYear: 2031 }),
    },
    async charges(orderKey) {
      const url = `${control}/books?merchant_reference=${orderKey}`;
      const { body } = await http.request({ method: 'GET', url });
      const { charges } = JSON.parse(body) as { charges: WireCharge[] };
      return charges.map(({ amount_captured, amount_refunded, ...charge }) => ({
        ...charge,
        amountCaptured: amount_captured,
        amountRefunded: amount_refunded,
      }));
    },
    async break(fault) {
      const body = JSON.stringify({ mode: MODES[fault] });
      const { status } = await http.request({ method: 'PUT', url: `${control}/faults`, body });
      if (status !== 200) throw new Error(`the sandbox refused the fault: ${status}`);
    },
    letPass(what) {
      clock.moveTo(clock.monotonicMs() + LASTS_MS[what]);
      return Promise.resolve();
    },
    listed: () => Promise.resolve({ fromMs: clock.now() - 3_600_000, toMs: clock.now() + 1 }),
    async stop() {
      await http.close();
      await sandbox.stop();
    },
  };
}

describeProcessor('sandbox_a', () => startUnderTest('sandbox_a'));
describeProcessor('sandbox_b', () => startUnderTest('sandbox_b'));

describe('the discovery of sandbox processors', () => {
  const discover = (description: object) => {
    const body = JSON.stringify({ processors: [description] });
    return discoverSandboxProcessors('http://sandbox.example', {
      request: () => Promise.resolve({ status: 200, headers: {}, body }),
      close: () => Promise.resolve(),
    });
  };
  const described = {
    name: 'sandbox_a',
    url: 'http://sandbox.example:1',
    authorization: 'two_step',
    authorization_valid_seconds: 60,
  };

  it('takes how long a hold lasts from the sandbox', async () => {
    const [processor] = await discover(described);
    expect(processor?.capabilities.authorizationValidForMs).toBe(60_000);
  });

  it('leaves out a processor that speaks the interface of another', async () => {
    expect(await discover({ ...described, protocol: 'stripe' })).toEqual([]);
  });

  it.each([
    { name: 1 },
    { url: null },
    { authorization: 'three_step' },
    { authorization_valid_seconds: undefined },
    { authorization_valid_seconds: 0 },
  ])('refuses a description with %j', async (change) => {
    await expect(discover({ ...described, ...change })).rejects.toThrow('in an unknown way');
  });
});
