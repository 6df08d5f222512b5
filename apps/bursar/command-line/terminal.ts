/** Where a command prints. Lines come without their end. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
  /** Writes over the last thing it wrote, where a person watches; null elsewhere. */
  readonly overwrite: ((text: string) => void) | null;
}

export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  // Whoever reads may stop reading, as `head` does.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
  return {
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    overwrite: stderr.isTTY ? (text) => void stderr.write(`\r\u001b[K${text}`) : null,
  };
}
