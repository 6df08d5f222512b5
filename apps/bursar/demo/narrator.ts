import { isDeepStrictEqual } from 'node:util';
import { CommandFailure } from '../command-line/failures.js';
import { printable } from '../command-line/table.js';
import type { Terminal } from '../command-line/terminal.js';

const WIDTH = 100;

/** Tells the day in the terminal, and holds it to what it tells. */
export class Narrator {
  private steps = 0;
  private checks = 0;

  constructor(private readonly terminal: Terminal) {}

  step(title: string): void {
    this.steps += 1;
    const head = `── ${this.steps}. ${title} `;
    this.terminal.out(`\n${head.padEnd(WIDTH, '─')}`);
  }

  say(text: string): void {
    for (const line of wrapped(text)) this.terminal.out(line);
  }

  /** Something that was sent or came, on lines of its own. */
  show(text: string): void {
    this.terminal.out(`    ${printable(text)}`);
  }

  /** @throws CommandFailure when what came is not what was told */
  check(what: string, came: unknown, expected: unknown): void {
    if (!isDeepStrictEqual(came, expected))
      throw new CommandFailure(
        printable(`not as told: ${what}: expected ${shown(expected)}, came ${shown(came)}`),
      );
    this.checks += 1;
    this.terminal.out(`  ✓ ${what}`);
  }

  end(): void {
    this.terminal.out(`\n${this.steps} steps, ${this.checks} checks: everything was as told.`);
  }
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}

function wrapped(text: string): string[] {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = `${lines.at(-1)} ${word}`.trim();
    if (line.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line;
  }
  return lines;
}
