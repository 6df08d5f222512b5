/** Cedar counts UTF-8 bytes from 0; people count lines and characters from 1. */
export function positionAt(text: string, byteOffset: number): { line: number; column: number } {
  const before = Buffer.from(text, 'utf8').subarray(0, byteOffset).toString('utf8').split('\n');
  const lastLine = before.at(-1) ?? '';
  return { line: before.length, column: [...lastLine].length + 1 };
}
