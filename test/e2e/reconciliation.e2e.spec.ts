import { describe, expect, it } from 'vitest';
import { bursar } from '../support/command-line.js';
import { createHttpClient } from '../support/http.client.js';
import { purchase } from '../support/purchase.fixture.js';
import { type Stage, useStage } from '../support/stage.fixture.js';

interface Difference {
  kind: string;
  subject: string;
  payment_intent: string | null;
  reference: string | null;
  explanation: string | null;
}

async function reconciled(stage: Stage, ...options: string[]) {
  const { dataDir } = stage.bursar;
  const all = ['reconcile', '--processor', 'sandbox_a', '--data-dir', dataDir, ...options];
  return bursar(all);
}

/** Makes the books of sandbox_a say something else than what happened. */
async function plant(stage: Stage, changes: object): Promise<{ reference: string }> {
  const control = createHttpClient(stage.bursar.sandboxUrl);
  const path = '/processors/sandbox_a/books';
  const answer = await control.call<{ reference: string }>('POST', path, { json: changes });
  control.close();
  expect(answer.status, answer.bytes.toString()).toBeLessThan(300);
  return answer.body;
}

/** A payment whose money moved, and the processor's name for it. */
async function paid(stage: Stage): Promise<{ id: string; reference: string; key: string }> {
  const { body } = await stage.agent.createPayment(purchase());
  expect(body).toMatchObject({ status: 'succeeded', processor: 'sandbox_a' });
  const [charge] = await stage.sandbox.chargesOf(body.id);
  return { id: body.id, reference: charge?.reference ?? '', key: charge?.merchant_reference ?? '' };
}

async function refunded(stage: Stage): Promise<{ id: string; reference: string }> {
  const { id } = await paid(stage);
  const { body } = await stage.operator.refund(id, { amount: 500, reason: 'a test' });
  expect(body.status).toBe('succeeded');
  return { id, reference: body.reference ?? '' };
}

describe('bursar reconcile', () => {
  const stage = useStage();

  it('finds nothing where nothing is wrong, whatever became of the payments', async () => {
    await refunded(stage);
    for (const payment_method of ['pm_sandbox_insufficient_funds', 'pm_sandbox_soft_decline_a'])
      await stage.agent.createPayment(purchase({ payment_method }));
    const held = await stage.agent.createPayment(purchase({ capture_method: 'manual' }));
    await stage.agent.createPayment(purchase({ capture_method: 'manual' }));
    await stage.agent.cancel(held.body.id);
    const { status, stdout } = await reconciled(stage);
    expect(stdout).toContain(' 0 differences, 0 to look at.');
    expect(status).toBe(0);
  });

  it('names ten planted differences, and nothing else, and changes nothing', async () => {
    const charges = [];
    for (let made = 0; made < 5; made += 1) charges.push(await paid(stage));
    const refunds = [];
    for (let made = 0; made < 4; made += 1) refunds.push(await refunded(stage));
    const [amount, currency, state, lost, twice] = charges.map(({ reference }) => reference);
    const [less, other, failed, gone] = refunds.map(({ reference }) => reference);
    await plant(stage, { reference: amount, amount_captured: 1 });
    await plant(stage, { reference: currency, currency: 'EUR' });
    await plant(stage, { reference: state, status: 'voided' });
    await plant(stage, { reference: lost, lost: true });
    await plant(stage, { reference: less, amount: 1 });
    await plant(stage, { reference: other, currency: 'EUR' });
    await plant(stage, { reference: failed, status: 'failed' });
    await plant(stage, { reference: gone, lost: true });
    const nobodys = await plant(stage, { amount: 700, currency: 'USD' });
    const again = await plant(stage, { merchant_reference: charges[4]?.key });
    const before = await stage.sandbox.charges();

    const { status, stdout, stderr } = await reconciled(stage, '--format', 'json');
    const { data } = JSON.parse(stdout) as { data: Difference[] };
    const named = data.map(({ kind, subject, reference, explanation }) =>
      [kind, subject, reference, explanation].join(' '),
    );
    expect(named.sort()).toEqual(
      [
        `amount charge ${amount} `,
        `currency charge ${currency} `,
        `state charge ${state} `,
        `missing_there charge ${lost} `,
        `amount refund ${less} `,
        `currency refund ${other} `,
        `state refund ${failed} `,
        `missing_there refund ${gone} `,
        `missing_here charge ${nobodys.reference} no_key_of_ours`,
        `missing_here charge ${again.reference} key_used_for_another`,
      ].sort(),
    );
    expect(stdout).not.toContain(`"reference":"${twice}"`);
    expect([status, stderr]).toEqual([1, expect.stringContaining('10 differences to look at.')]);
    expect(await stage.sandbox.charges()).toEqual(before);
    for (const { id } of charges)
      expect((await stage.agent.payment(id)).body).toMatchObject({ status: 'succeeded' });
  });

  it('exports them as CSV, one line each', async () => {
    const { status, stdout } = await reconciled(stage, '--format', 'csv');
    const lines = stdout.split('\r\n').filter((line) => line !== '');
    expect(lines).toHaveLength(11);
    expect(lines[0]).toMatch(/^kind,subject,tenant,payment_intent,key,reference,/);
    expect(status).toBe(1);
  });

  it('ends with status 1 when the books cannot be read, and 2 when it is not told whose', async () => {
    await stage.sandbox.fault('sandbox_a', { mode: 'error_500_before' });
    const failed = await reconciled(stage);
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain('could not be read: http_500');
    await stage.heal();
    expect((await bursar(['reconcile', '--data-dir', stage.bursar.dataDir])).status).toBe(2);
  });
});
