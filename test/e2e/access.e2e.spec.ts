import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { everyPage } from '../support/agent.client.js';
import { eventually } from '../support/eventually.js';
import { expectProblem } from '../support/problem.matcher.js';
import { purchase } from '../support/purchase.fixture.js';
import { useStage } from '../support/stage.fixture.js';

describe('the credentials file', () => {
  const stage = useStage();

  it('can be read by its owner only and holds a key for every role', async () => {
    const file = await stat(join(stage.bursar.dataDir, 'credentials.json'));
    expect((file.mode & 0o777).toString(8)).toBe('600');
    const key = expect.stringMatching(/^bk_(live|test)_[^_]+_.{20,}$/);
    expect(stage.bursar.credentials()).toEqual({
      base_url: stage.bursar.baseUrl,
      tenant: expect.stringMatching(/./),
      agent: {
        id: expect.stringMatching(/^agt_/),
        key,
        mandate: expect.stringMatching(/^mnd_/),
      },
      operator: { key },
      approver: { key },
      auditor: { key },
    });
  });

  it('is the only file that holds a key: the data folder and the output have hashes at most', async () => {
    const { agent, operator, approver, auditor } = stage.bursar.credentials();
    const made = await stage.newAgent();
    await made.client.createPayment(purchase());
    const secrets = [agent, operator, approver, auditor, made].map(({ key }) =>
      key.split('_').slice(3).join('_'),
    );
    const inFolders = stage.bursar.folders.map((folder) =>
      readdir(folder, { recursive: true, withFileTypes: true }),
    );
    const files = (await Promise.all(inFolders))
      .flat()
      .filter((entry) => entry.isFile() && entry.name !== 'credentials.json');
    expect(files.length).toBeGreaterThan(0);
    for (const { parentPath, name } of files) {
      const content = await readFile(join(parentPath, name), 'latin1');
      for (const secret of secrets) expect(content.includes(secret), name).toBe(false);
    }
    for (const secret of secrets) expect(stage.bursar.output()).not.toContain(secret);
  });

  describe('an agent', () => {
    it('can neither make agents nor mandates, nor widen or end one', async () => {
      const { id, mandate } = stage.bursar.credentials().agent;
      const limits = { lifetime: { USD: 1_000_000_000 } };
      for (const answer of [
        await stage.agent.createAgent('a friend'),
        await stage.agent.createKey(id),
        await stage.agent.createMandate({ agent: id, limits }),
        await stage.agent.revokeMandate(mandate),
        await stage.agent.suspend(id),
        await stage.agent.resume(id),
        await stage.agent.retryParked(`pi_${'a'.repeat(26)}`),
      ]) {
        expectProblem(answer, { code: 'forbidden' });
      }
    });

    it('reads neither streams nor the ledger nor the state of processors', async () => {
      const payment = await stage.agent.createPayment(purchase());
      for (const answer of [
        await stage.agent.events(payment.body.id),
        await stage.agent.ledgerEntries(),
        await stage.agent.ledgerAccounts(),
        await stage.agent.processors(),
        await stage.agent.parked(),
      ]) {
        expectProblem(answer, { code: 'forbidden' });
      }
    });

    it("sees its own payments only: another's are not found and not listed", async () => {
      const [one, other] = [await stage.newAgent(), await stage.newAgent()];
      const mine = await one.client.createPayment(purchase());
      const theirs = await other.client.createPayment(purchase());
      expectProblem(await one.client.payment(theirs.body.id), { code: 'not_found' });
      expectProblem(await one.client.explanation(theirs.body.id), { code: 'not_found' });
      const listed = await everyPage(one.client.payments);
      expect(listed.map(({ id }) => id)).toEqual([mine.body.id]);
      const filtered = await one.client.payments({ agent: other.id });
      expect(JSON.stringify(filtered.body)).not.toContain(theirs.body.id);
    });

    it('cannot spend under the mandate of another', async () => {
      const [one, other] = [await stage.newAgent(), await stage.newAgent()];
      const chargesBefore = await stage.sandbox.charges();
      const answer = await one.client.createPayment(purchase({ mandate: other.mandate ?? '' }));
      expectProblem(answer, { code: ['not_found', 'mandate_required'] });
      expect(await stage.sandbox.charges()).toEqual(chargesBefore);
    });
  });

  it('people pay for nothing', async () => {
    for (const person of [stage.operator, stage.approver, stage.auditor]) {
      expectProblem(await person.createPayment(purchase()), { code: 'forbidden' });
    }
  });

  it('an auditor reads streams, explanations and the ledger, and changes nothing', async () => {
    const { id } = (await stage.agent.createPayment(purchase())).body;
    for (const answer of [
      await stage.auditor.events(id),
      await stage.auditor.explanation(id),
      await stage.auditor.ledgerEntries(),
      await stage.auditor.ledgerAccounts(),
      await stage.auditor.processors(),
      await stage.auditor.parked(),
    ]) {
      expect(answer.status, answer.bytes.toString()).toBe(200);
    }
    const { agent } = stage.bursar.credentials();
    expectProblem(await stage.auditor.createAgent('x'), { code: 'forbidden' });
    expectProblem(await stage.auditor.suspend(agent.id), { code: 'forbidden' });
    expectProblem(await stage.auditor.revokeMandate(agent.mandate), { code: 'forbidden' });
  });

  it('an operator reads payments and streams', async () => {
    const { id } = (await stage.agent.createPayment(purchase())).body;
    expect((await stage.operator.payment(id)).body).toMatchObject({ id, status: 'succeeded' });
    expect((await stage.operator.events(id)).status).toBe(200);
    expect((await stage.operator.payments()).status).toBe(200);
  });

  it('an agent has every key it was given, each shown once', async () => {
    const { id, key, client } = await stage.newAgent();
    const more = await stage.operator.createKey(id);
    expect(more.status, more.bytes.toString()).toBe(201);
    expect(more.body.key).toMatch(/^bk_/);
    expect(more.body.key).not.toBe(key);
    const other = stage.clientOf(more.body.key);
    const idempotencyKey = 'one principal, two keys';
    const request = purchase();
    const first = await client.createPayment(request, { idempotencyKey });
    const again = await other.createPayment(request, { idempotencyKey });
    expect(first.status, first.bytes.toString()).toBe(201);
    expect(again.bytes.equals(first.bytes), 'both keys are the same principal').toBe(true);
  });

  it('a revoked key is no key, and the other keys of its agent stay', async () => {
    const { id, key, client } = await stage.newAgent();
    const other = stage.clientOf((await stage.operator.createKey(id)).body.key);
    const keyId = key.split('_')[2] ?? '';
    const revoked = await stage.operator.revokeKey(id, keyId);
    expect(revoked.status, revoked.bytes.toString()).toBeLessThan(300);
    const refusal = await eventually(
      () => client.createPayment(purchase({ amount: 1 })),
      ({ status }) => status !== 201,
      { withinMs: 1_000, what: 'the end of a revoked key' },
    );
    expectProblem(refusal, { code: 'unauthenticated' });
    expectProblem(await client.payments(), { code: 'unauthenticated' });
    expect((await other.createPayment(purchase())).status).toBe(201);
  });

  it('a suspended agent cannot pay until it is resumed', async () => {
    const { id, client } = await stage.newAgent();
    const suspended = await stage.operator.suspend(id);
    expect(suspended.status, suspended.bytes.toString()).toBeLessThan(300);
    const refusal = await eventually(
      () => client.createPayment(purchase({ amount: 1 })),
      ({ status }) => status !== 201,
      { withinMs: 1_000, what: 'a refusal after the suspension' },
    );
    expectProblem(refusal, { code: 'agent_suspended' });
    expect((await stage.operator.resume(id)).status).toBeLessThan(300);
    const resumed = await eventually(
      () => client.createPayment(purchase()),
      ({ status }) => status === 201,
      { withinMs: 1_000, what: 'a payment after the agent was resumed' },
    );
    expect(resumed.body.status).toBe('succeeded');
  });

  it('a revoked mandate pays nothing more', async () => {
    const { client, mandate } = await stage.newAgent();
    expect((await stage.operator.revokeMandate(mandate ?? '')).status).toBeLessThan(300);
    const refusal = await eventually(
      () => client.createPayment(purchase({ amount: 1, mandate: mandate ?? '' })),
      ({ status }) => status !== 201,
      { withinMs: 1_000, what: 'a refusal after the revocation' },
    );
    expectProblem(refusal, { code: 'mandate_revoked', money_state: 'none' });
  });

  it('agents and mandates that do not exist are not found', async () => {
    expectProblem(await stage.operator.suspend('agt_nobody'), { code: 'not_found' });
    expectProblem(await stage.operator.createKey('agt_nobody'), { code: 'not_found' });
    expectProblem(await stage.operator.revokeMandate('mnd_nothing'), { code: 'not_found' });
    const orphan = { agent: 'agt_nobody', limits: { lifetime: { USD: 1 } } };
    expectProblem(await stage.operator.createMandate(orphan), {
      code: ['not_found', 'validation_failed'],
    });
  });
});
