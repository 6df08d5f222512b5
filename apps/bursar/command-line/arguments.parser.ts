import { parseArgs } from 'node:util';
import type { Command } from './command.js';
import { UsageError } from './failures.js';

/** What the arguments ask for: to run a command, or to read about it, or about those that begin with a word. */
export type Parsed =
  | {
      kind: 'run';
      command: Command;
      positionals: string[];
      options: Record<string, string | undefined>;
      json: boolean;
    }
  | { kind: 'help'; command: Command }
  | { kind: 'help'; group: string };

/** `usual` is what no word at all means. @throws UsageError */
export function parseArguments(
  args: readonly string[],
  commands: readonly Command[],
  usual: Command,
): Parsed {
  const { values, positionals: words } = parsed(args, commands);
  const { help = false, json = false, ...others } = values as Record<string, unknown>;
  if (words.length === 0 && help) return { kind: 'help', group: '' };
  const command = words.length === 0 ? usual : commandOf(words, commands);
  if (!command) return groupOf(words, commands, help === true);
  if (help) return { kind: 'help', command };

  const options = others as Record<string, string | undefined>;
  const given = [...Object.keys(options), ...(json ? ['json'] : [])];
  const foreign = given.find((name) => !Object.hasOwn(command.options, name));
  if (foreign !== undefined)
    throw new UsageError(`bursar ${command.name} has no option --${foreign}`, command.name);
  const own = command === usual ? words.slice(1) : words.slice(command.name.split(' ').length);
  return { kind: 'run', command, positionals: counted(own, command), options, json: json === true };
}

function parsed(args: readonly string[], commands: readonly Command[]) {
  const options = Object.fromEntries(
    commands
      .flatMap((command) => Object.entries(command.options))
      .map(([name, { type }]) => [name, { type }]),
  );
  const help = { type: 'boolean', short: 'h' } as const;
  try {
    return parseArgs({ args: [...args], options: { ...options, help }, allowPositionals: true });
  } catch (error) {
    // Node says well what is wrong, and in its second sentence how to write something else.
    const [message = ''] = String(error instanceof Error ? error.message : error).split('. ');
    throw new UsageError(message, '');
  }
}

function commandOf(words: readonly string[], commands: readonly Command[]): Command | undefined {
  return commands.find(({ name }) => {
    const own = name.split(' ');
    return own.every((word, index) => words[index] === word);
  });
}

/** Words that begin commands and are none. */
function groupOf(words: readonly string[], commands: readonly Command[], help: boolean): Parsed {
  const [group = '', word] = words;
  const known = commands.some(({ name }) => name.startsWith(`${group} `));
  if (known && help && word === undefined) return { kind: 'help', group };
  if (!known) throw new UsageError(`there is no command ${group}`, '');
  if (word === undefined) throw new UsageError(`bursar ${group} needs another word`, group);
  throw new UsageError(`there is no command ${group} ${word}`, group);
}

function counted(own: string[], { name, positionals }: Command): string[] {
  const missing = positionals[own.length];
  if (missing !== undefined && !missing.startsWith('['))
    throw new UsageError(`bursar ${name} needs its ${missing}`, name);
  const [tooMuch] = own.slice(positionals.length);
  if (tooMuch !== undefined)
    throw new UsageError(`bursar ${name} does not know what to do with ${tooMuch}`, name);
  return own;
}
