import type { Command, OptionFacts } from './command.js';

const HELP: OptionFacts = { type: 'boolean', summary: 'this text' };

/** Everything there is to know about one command. */
export function commandUsage({
  name,
  summary,
  positionals,
  options,
  details,
  example,
}: Command): string {
  const words = positionals.map((each) => (each.startsWith('[') ? each : `<${each}>`));
  return `bursar ${name}: ${summary}

Usage:
  ${['bursar', name, ...words, '[options]'].join(' ')}
${details ? `\n${details}\n` : ''}
Options:
${optionLines({ ...options, help: HELP })}

Example:
  ${example}`;
}

const EVERYWHERE = `Without a command, the server is started. Most commands know --data-dir and --json, those that ask a running
server also --url and --tenant. They end with status 0, with 1 when they failed, with 2 when they were not understood.`;

/** The commands that begin with a word, or all. */
export function groupUsage(commands: readonly Command[], group = ''): string {
  const shown = commands.filter(({ name }) => group === '' || name.startsWith(`${group} `));
  const width = Math.max(...shown.map(({ name }) => name.length));
  const lines = shown.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage:
  bursar ${group === '' ? '<command>' : `${group} <command>`} [options]

Commands:
${lines.join('\n')}

${group === '' ? `${EVERYWHERE}\n\n` : ''}bursar ${group === '' ? '<command>' : `${group} <command>`} --help says more about each.

Example:
  ${shown[0]?.example ?? ''}`;
}

function optionLines(options: Readonly<Record<string, OptionFacts>>): string {
  const named = Object.entries(options).map(([name, { value, summary }]) => ({
    text: value === undefined ? `--${name}` : `--${name} <${value}>`,
    summary,
  }));
  const width = Math.max(...named.map(({ text }) => text.length));
  return named.map(({ text, summary }) => `  ${text.padEnd(width)}  ${summary}`).join('\n');
}
