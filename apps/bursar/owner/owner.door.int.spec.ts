import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemRandom } from '#platform/system';
import { NobodyHomeError, knockingAt } from './owner.client.js';
import { type OwnerDoor, openOwnerDoor } from './owner.door.js';
import { OwnerRefusal, type OwnerWork } from './owner.port.js';
import { ownerSocketPath } from './owner.socket.js';

const rebuilt = {
  projection: 'ledger',
  position: 9,
  rows: 2,
  sha256: 'ab',
  before: { rows: 2, sha256: 'ab' },
};

describe('the owner’s door', () => {
  let folder: string;
  let path: string;
  let door: OwnerDoor | undefined;
  const report = vi.fn();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'owner-'));
    path = ownerSocketPath(folder);
    report.mockClear();
  });
  afterEach(async () => {
    await door?.close();
    rmSync(folder, { recursive: true });
  });

  async function open(work: Partial<OwnerWork>): Promise<void> {
    const nothing = () => Promise.reject(new Error('not asked for'));
    door = await openOwnerDoor(
      path,
      { createTenant: nothing, rebuildProjections: nothing, ...work },
      { random: new SystemRandom(), trouble: { report } },
    );
  }

  function post(target: string, body: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const sent = request(
        { socketPath: path, path: target, method: 'POST', agent: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
          );
        },
      );
      sent.once('error', reject);
      sent.end(body);
    });
  }

  it('opens for its owner only', async () => {
    await open({});
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('tells a rebuild as it goes, and then what became of each projection', async () => {
    await open({
      rebuildProjections: (projection, onProgress) => {
        for (const position of [0, 4, 4, 9]) onProgress({ projection, position, head: 9 });
        return Promise.resolve([rebuilt]);
      },
    });
    const progress: unknown[] = [];
    const done = await knockingAt(path).rebuildProjections('ledger', (each) => progress.push(each));
    expect(done).toEqual([rebuilt]);
    expect(progress).toEqual(
      [0, 4, 9].map((position) => ({ projection: 'ledger', position, head: 9 })),
    );
  });

  it('hands on refusals, before and after an answer began', async () => {
    const refusal = new OwnerRefusal('not_found', 'There is no such projection.');
    await open({
      createTenant: () => Promise.reject(new OwnerRefusal('validation_failed', 'No such name.')),
      rebuildProjections: (projection, onProgress) => {
        onProgress({ projection, position: 0, head: 9 });
        return Promise.reject(refusal);
      },
    });
    const owner = knockingAt(path);
    await expect(owner.createTenant('x')).rejects.toMatchObject({ code: 'validation_failed' });
    await expect(owner.rebuildProjections(null, () => undefined)).rejects.toEqual(refusal);
    expect(report).not.toHaveBeenCalled();
  });

  it.each([
    ['/tenants', '{}', 400, 'validation_failed'],
    ['/tenants', '{"name":7}', 400, 'validation_failed'],
    ['/tenants', '{"name":"x","role":"root"}', 400, 'validation_failed'],
    ['/tenants', '[]', 400, 'validation_failed'],
    ['/tenants', '{', 400, 'malformed_json'],
    ['/tenants', JSON.stringify({ name: 'x'.repeat(5_000) }), 413, 'payload_too_large'],
    ['/elsewhere', '{}', 404, 'not_found'],
    ['/constructor', '{}', 404, 'not_found'],
  ])('answers %s %.20s with %i', async (target, body, status, code) => {
    await open({});
    const answer = await post(target, body);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ code, status });
  });

  it('reports what nobody expected, and tells nothing of it', async () => {
    const error = new Error('a secret');
    await open({ createTenant: () => Promise.reject(error) });
    const answer = await post('/tenants', '{"name":"x"}');
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('a secret');
    expect(report).toHaveBeenCalledWith(expect.stringContaining('trace'), error);
  });

  it('takes the place of a socket that was left behind, and of nothing else', async () => {
    const left = createServer();
    await new Promise<void>((resolve) => left.listen(path, resolve));
    await open({});
    expect((await post('/tenants', '{}')).status).toBe(400);
    left.close();

    const file = join(folder, 'a-file');
    writeFileSync(file, 'precious');
    const ports = { random: new SystemRandom(), trouble: { report } };
    const nothing = () => Promise.reject(new Error('not asked for'));
    const work = { createTenant: nothing, rebuildProjections: nothing };
    await expect(openOwnerDoor(file, work, ports)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('says that nobody is home where no server listens', async () => {
    await expect(knockingAt(path).createTenant('x')).rejects.toBeInstanceOf(NobodyHomeError);
  });

  it('cuts what is under way when it closes', async () => {
    const asked = new Promise<void>((resolve) => {
      void open({
        createTenant: () => {
          resolve();
          return new Promise(() => undefined);
        },
      });
    });
    await vi.waitFor(() => statSync(path));
    const waiting = knockingAt(path).createTenant('x');
    await asked;
    await door?.close();
    await expect(waiting).rejects.toThrow();
  });
});
