import { resolve } from 'node:path';
import { InvalidSettingsError } from '../settings.js';
import { parseArguments } from './arguments.parser.js';
import type { Command } from './command.js';
import { CommandFailure, UsageError } from './failures.js';
import { DEPLOYMENT } from './deployment.commands.js';
import { OWNER } from './owner.commands.js';
import { PARKED } from './parked.commands.js';
import { PAYMENTS } from './payments.commands.js';
import { RECONCILE } from './reconcile.commands.js';
import { SERVER, START } from './server.commands.js';
import { printable } from './table.js';
import { VAULT } from './vault.commands.js';
import type { Terminal } from './terminal.js';
import { commandUsage, groupUsage } from './usage.js';

const COMMANDS: readonly Command[] = [
  ...SERVER,
  ...PAYMENTS,
  ...OWNER,
  ...PARKED,
  ...RECONCILE,
  ...VAULT,
  ...DEPLOYMENT,
];

/** Runs what the arguments ask for. Answers the exit status: 0, 1 when it failed, 2 when it was not understood. */
export async function runCommandLine(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  terminal: Terminal,
): Promise<number> {
  try {
    const parsed = parseArguments(args, COMMANDS, START);
    if (parsed.kind === 'help') {
      terminal.out(
        'command' in parsed ? commandUsage(parsed.command) : groupUsage(COMMANDS, parsed.group),
      );
      return 0;
    }
    const { command, positionals, options, json } = parsed;
    const dataDir = resolve(options['data-dir'] ?? (env['BURSAR_DATA_DIR'] || 'data'));
    return await run(command, { positionals, options, json, dataDir, env, terminal });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    terminal.err(printable(`bursar: ${error.message}`));
    terminal.err(`Try: ${['bursar', error.about, '--help'].filter(Boolean).join(' ')}`);
    return 2;
  }
}

async function run(command: Command, asked: Parameters<Command['run']>[0]): Promise<number> {
  try {
    await command.run(asked);
    return 0;
  } catch (error) {
    if (error instanceof InvalidSettingsError)
      asked.terminal.err(`bursar: ${error.faults.join('; ')}`);
    else if (!(error instanceof CommandFailure)) throw error;
    else asked.terminal.err(asked.json ? JSON.stringify(error.facts) : `bursar: ${error.message}`);
    return 1;
  }
}
