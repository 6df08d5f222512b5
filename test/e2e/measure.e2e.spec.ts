import { describe, expect, it } from 'vitest';
import { everyPage } from '../support/agent.client.js';
import { closedLoop, percentile, type LoadResult } from '../support/load.js';
import { purchase } from '../support/purchase.fixture.js';
import { useStage } from '../support/stage.fixture.js';

/** Figures for people, not a gate: `MEASURE=1 npm run test:e2e`. */
describe.skipIf(process.env['MEASURE'] !== '1')('measured', () => {
  const stage = useStage({ sandboxApart: true });
  const told = ({ payments, perSecond, p50Ms, p99Ms }: LoadResult) =>
    `${perSecond.toFixed(0)} payments/s, p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms (${payments} payments)`;

  it(
    'payments at 1 and at 64 connections with a sandbox that answers at once',
    { timeout: 300_000 },
    async () => {
      const { client } = await stage.newAgent();
      const pay = async () => {
        const answer = await client.createPayment(purchase({ amount: 100 }));
        if (answer.status !== 201) throw new Error(answer.bytes.toString());
      };
      await closedLoop({ connections: 16, count: 500 }, pay);
      for (const connections of [1, 64]) {
        const result = await closedLoop(
          { connections, count: connections === 1 ? 1_000 : 6_000 },
          pay,
        );
        console.log(`${connections} connection(s): ${told(result)}`);
      }
    },
  );

  it(
    'from the first attempt to the second over 100 refuse-and-heal cycles',
    { timeout: 1_800_000 },
    async () => {
      const betweenMs: number[] = [];
      while (betweenMs.length < 100) {
        await stage.heal();
        await stage.sandbox.fault('sandbox_a', { mode: 'refuse' });
        const { body } = await stage.agent.createPayment(purchase({ amount: 1 }));
        expect(body).toMatchObject({ status: 'succeeded', processor: 'sandbox_b' });
        const events = await everyPage((query) => stage.auditor.events(body.id, query));
        const [first, second] = events
          .filter(({ type }) => type === 'AttemptStarted')
          .map(({ recorded_at }) => Date.parse(recorded_at));
        expect(first, 'the breaker was closed again').toBeDefined();
        betweenMs.push((second ?? Infinity) - (first ?? 0));
      }
      const [p50, p99] = [percentile(betweenMs, 0.5), percentile(betweenMs, 0.99)];
      console.log(`failover over ${betweenMs.length} cycles: p50 ${p50} ms, p99 ${p99} ms`);
      expect(p99).toBeLessThan(1_000);
    },
  );
});
