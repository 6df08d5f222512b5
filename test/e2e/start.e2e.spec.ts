import { describe, expect, it } from 'vitest';
import { startBursar } from '../support/bursar.process.js';
import { startNode, exitWithin } from '../support/node.process.js';
import { freePorts } from '../support/free-ports.js';
import { eventually } from '../support/eventually.js';

describe('starting and stopping', () => {
  it('says where the credentials, the documentation and the switches of the sandbox are, and ends cleanly on SIGTERM', async () => {
    const bursar = await startBursar();
    try {
      const output = bursar.output();
      expect(output).toContain('credentials.json');
      expect(output).toContain(`${bursar.baseUrl}/docs`);
      expect(output).toContain(bursar.sandboxUrl);
      expect(await bursar.stop()).toEqual({ code: 0, signal: null });
    } finally {
      await bursar.dispose();
    }
  });

  it('prints no secret of the credentials it made', async () => {
    const bursar = await startBursar();
    try {
      const { agent, operator, approver, auditor } = bursar.credentials();
      for (const { key } of [agent, operator, approver, auditor]) {
        expect(bursar.output()).not.toContain(key.split('_').at(-1));
      }
    } finally {
      await bursar.dispose();
    }
  });

  it('runs the sandbox alone, which says where it listens and ends on SIGTERM', async () => {
    const port = await freePorts(4);
    const sandbox = startNode('dist/apps/sandbox/main.js', { BURSAR_SANDBOX_PORT: String(port) });
    try {
      await eventually(sandbox.output, (output) => output.includes(`127.0.0.1:${port}`), {
        what: 'the sandbox saying where it listens',
      });
      sandbox.signal('SIGTERM');
      expect(await exitWithin(sandbox, 10_000)).toEqual({ code: 0, signal: null });
    } finally {
      sandbox.signal('SIGKILL');
      await sandbox.exited;
    }
  });
});
