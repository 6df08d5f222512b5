import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createApiClient, everyPage, type ApiClient } from '../support/agent.client.js';
import { disagreements } from '../support/books.judge.js';
import { startBursar, startSandbox } from '../support/bursar.process.js';
import type { PaymentRequest } from '../support/contract.types.js';
import { eventually } from '../support/eventually.js';
import { freePorts } from '../support/free-ports.js';
import { inParallel } from '../support/load.js';
import { exitWithin, startNode, tail } from '../support/node.process.js';
import { expectProblem } from '../support/problem.matcher.js';
import { paymentIdOf, purchase } from '../support/purchase.fixture.js';
import { createSandboxControl } from '../support/sandbox.control.js';

describe('a second server on the same data folder', () => {
  it('refuses to start and says why, and the first goes on', async () => {
    const first = await startBursar();
    const client = createApiClient(first.baseUrl, first.credentials().agent.key);
    try {
      const second = startNode('dist/apps/bursar/main.js', {
        BURSAR_PORT: String(await freePorts(1)),
        BURSAR_SANDBOX_PORT: String(await freePorts(4)),
        BURSAR_DATA_DIR: first.dataDir,
      });
      const exit = await exitWithin(second, 30_000);
      second.signal('SIGKILL');
      expect(exit, tail(second.output())).not.toBeNull();
      expect(exit?.signal).toBeNull();
      expect(exit?.code).not.toBe(0);
      expect(second.output()).toContain(first.dataDir);
      expect(second.output()).toMatch(/another|already|in use|locked/i);
      expect(second.output(), 'a sentence, not a stack trace').not.toMatch(/\n\s+at /);

      const answer = await client.createPayment(purchase());
      expect(answer.status, answer.bytes.toString()).toBe(201);
    } finally {
      client.close();
      await first.dispose();
    }
  });

  it('may start once the first was killed', async () => {
    const bursar = await startBursar();
    try {
      await bursar.kill9();
      await bursar.start();
      expect(bursar.isRunning()).toBe(true);
    } finally {
      await bursar.dispose();
    }
  });
});

/** A file system of its own, small enough to fill; false where this user may not mount one. */
function mountSmallDisk(folder: string): boolean {
  if (process.platform !== 'linux') return false;
  const size = 'size=24m';
  return spawnSync('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', folder]).status === 0;
}

function unmount(folder: string): void {
  if (spawnSync('umount', [folder]).status !== 0) spawnSync('umount', ['-l', folder]);
}

/** Takes the last byte of the disk. */
function fill(file: string): void {
  const handle = openSync(file, 'a');
  try {
    for (const size of [1 << 20, 1 << 12, 1]) {
      const piece = Buffer.alloc(size, 1);
      try {
        while (writeSync(handle, piece) === size);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    closeSync(handle);
  }
}

interface Tried {
  key: string;
  request: PaymentRequest;
  status: number;
  bytes: Buffer;
}

describe('a disk that fills up while running', () => {
  it('is answered with store_unavailable, acknowledges nothing it cannot keep, and recovers without a restart', async (context) => {
    const disk = await mkdtemp(join(tmpdir(), 'bursar-disk-'));
    if (!mountSmallDisk(disk)) {
      await rm(disk, { recursive: true });
      return context.skip('a small file system cannot be mounted by this user');
    }
    const filler = join(disk, 'filler');
    const sandbox = await startSandbox();
    const books = createSandboxControl(sandbox.url);
    const clients: ApiClient[] = [];
    const bursar = await startBursar({ sandboxUrl: sandbox.url, dataDir: disk }).catch(
      async (error: unknown) => {
        await sandbox.dispose();
        unmount(disk);
        throw error;
      },
    );
    try {
      const { agent, operator } = bursar.credentials();
      const client = createApiClient(bursar.baseUrl, agent.key);
      const office = createApiClient(bursar.baseUrl, operator.key);
      clients.push(client, office);
      const tried: Tried[] = [];
      const pay = async () => {
        const key = randomUUID();
        const request = purchase({ amount: 100 });
        const answer = await client.createPayment(request, {
          idempotencyKey: key,
          prefer: 'wait=2',
        });
        tried.push({ key, request, status: answer.status, bytes: answer.bytes });
        return answer;
      };
      expect((await pay()).status).toBe(201);

      fill(filler);
      const refusal = await eventually(pay, ({ status }) => status === 503, {
        withinMs: 60_000,
        everyMs: 1,
        what: 'a refusal by the full disk',
      });
      const problem = expectProblem(refusal, { code: 'store_unavailable' });
      // A disk that fills between two steps of one payment leaves it unknown; never is money said to have moved.
      expect(['none', 'unknown']).toContain(problem.money_state);
      expect(problem.retry).toMatchObject({ retryable: true, same_key: true });
      expect(bursar.isRunning()).toBe(true);
      expect((await client.request('GET', '/healthz')).status).toBe(200);
      const whileFull = await inParallel(Array(20).fill(0), 4, pay);
      for (const answer of whileFull) {
        expect([201, 202, 503], answer.bytes.toString()).toContain(answer.status);
        if (answer.status === 503) expectProblem(answer, { code: 'store_unavailable' });
      }

      rmSync(filler);
      await eventually(pay, ({ status }) => status === 201, {
        withinMs: 60_000,
        everyMs: 100,
        what: 'a payment after there was room again',
      });
      expect(bursar.isRunning()).toBe(true);
      const acknowledged = tried.filter(({ status }) => status === 201);
      for (const { key, request, bytes } of acknowledged) {
        const again = await client.createPayment(request, { idempotencyKey: key });
        expect(again.headers['idempotent-replayed']).toBe('true');
        expect(again.bytes.equals(bytes)).toBe(true);
      }
      for (const { key, request, status } of tried) {
        const id = paymentIdOf(bursar.credentials(), agent.id, key);
        const before = await client.payment(id);
        if (status !== 503) expect(before.status).toBe(200);
        const again = await client.createPayment(request, {
          idempotencyKey: key,
          prefer: 'wait=30',
        });
        expect(again.status, again.bytes.toString()).toBe(201);
        expect(again.body).toMatchObject({ id, status: 'succeeded' });
      }
      const payments = await everyPage(office.payments, { limit: 100 });
      expect(payments).toHaveLength(tried.length);
      expect(disagreements(await books.charges(), payments)).toEqual([]);
    } catch (error) {
      console.error(`--- the server's output ---\n${tail(bursar.output())}`);
      throw error;
    } finally {
      for (const client of clients) client.close();
      books.close();
      rmSync(filler, { force: true });
      await bursar.dispose().finally(async () => {
        await sandbox.dispose();
        unmount(disk);
        await rm(disk, { recursive: true, force: true });
      });
    }
  });
});
