import { Logger } from '@nestjs/common';
import { afterEach, expect, it, vi } from 'vitest';
import { ProcessLog } from './process-log.js';
import { RedactedLogger } from './redacted.logger.js';

afterEach(() => {
  vi.restoreAllMocks();
  Logger.overrideLogger(false);
});

it('masks card numbers in messages, in what they bring along, and in stacks', () => {
  let written = '';
  const write = (chunk: string | Uint8Array) => {
    written += String(chunk);
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(write);
  vi.spyOn(process.stderr, 'write').mockImplementation(write);
  Logger.overrideLogger(new RedactedLogger());
  new ProcessLog().report('the card 4242 4242 4242 4242', new Error('of 4242424242424242'));
  new Logger('x').error('without a stack', undefined);
  new Logger('x').warn({ deep: { number: '378282246310005' } });
  expect(written).toContain('the card [card number]');
  expect(written).toContain('of [card number]');
  expect(written).toContain('without a stack');
  expect(written).toContain('deep');
  expect(written).not.toMatch(/4242 4242|4242424242424242|378282246310005/);
});
