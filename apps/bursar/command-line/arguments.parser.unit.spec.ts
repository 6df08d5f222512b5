import { describe, expect, it } from 'vitest';
import { parseArguments } from './arguments.parser.js';
import type { Command } from './command.js';
import { UsageError } from './failures.js';

function command(name: string, positionals: string[], options: string[] = []): Command {
  const facts = options.map((each) => [each, { type: 'string', summary: each }] as const);
  const json = { type: 'boolean', summary: 'json' } as const;
  return {
    name,
    summary: name,
    positionals,
    options: { ...Object.fromEntries(facts), json },
    example: name,
    run: () => Promise.resolve(),
  };
}

const start = command('start', [], ['data-dir']);
const get = command('payments get', ['id'], ['url']);
const rebuild = command('projections rebuild', ['[name]']);
const parse = (...args: string[]) => parseArguments(args, [start, get, rebuild], start);

describe('the arguments', () => {
  it('name a command by all of its words, with options anywhere', () => {
    const expected = {
      kind: 'run',
      command: get,
      positionals: ['pi_1'],
      options: { url: 'http://x' },
    };
    expect(parse('payments', 'get', 'pi_1', '--url', 'http://x')).toMatchObject(expected);
    expect(parse('--url=http://x', 'payments', 'get', 'pi_1')).toMatchObject(expected);
    expect(parse('payments', 'get', 'pi_1', '--json')).toMatchObject({ json: true });
  });

  it('mean the usual command when they name none', () => {
    expect(parse()).toMatchObject({ kind: 'run', command: start, positionals: [] });
    expect(parse('--data-dir', 'x')).toMatchObject({
      command: start,
      options: { 'data-dir': 'x' },
    });
    expect(parse('start')).toMatchObject({ kind: 'run', command: start, positionals: [] });
  });

  it('may leave out what is in brackets', () => {
    expect(parse('projections', 'rebuild')).toMatchObject({ positionals: [] });
    expect(parse('projections', 'rebuild', 'ledger')).toMatchObject({ positionals: ['ledger'] });
  });

  it('ask for help about everything, a group or a command', () => {
    expect(parse('--help')).toEqual({ kind: 'help', group: '' });
    expect(parse('payments', '-h')).toEqual({ kind: 'help', group: 'payments' });
    expect(parse('payments', 'get', '--help')).toEqual({ kind: 'help', command: get });
  });

  it.each([
    [['payments', 'get'], 'needs its id'],
    [['payments', 'get', 'a', 'b'], 'what to do with b'],
    [['payments'], 'needs another word'],
    [['payments', 'steal'], 'payments steal'],
    [['payments', 'steal', '--help'], 'payments steal'],
    [['steal', '--help'], 'no command steal'],
    [['projections', 'rebuild', '--url', 'x'], 'no option --url'],
    [['payments', 'get', 'a', '--colour'], '--colour'],
    [['payments', 'get', 'a', '--url'], '--url'],
  ])('%j are refused', (args, words) => {
    expect(() => parse(...args)).toThrow(UsageError);
    expect(() => parse(...args)).toThrow(words);
  });
});
