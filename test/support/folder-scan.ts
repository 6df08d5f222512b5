import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CardScan } from './card-scan.js';

/** What was found in all files below a folder, and how much there was to look at. */
export async function scanFolder(
  scan: CardScan,
  folder: string,
): Promise<{ files: string[]; bytes: number; findings: string[] }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  let bytes = 0;
  const findings: string[] = [];
  for (const { parentPath, name } of files) {
    const content = await readFile(join(parentPath, name));
    bytes += content.length;
    for (const { canary, form, offset } of scan.scan(content))
      findings.push(`${name} at ${offset}: ${canary} ${form}`);
  }
  return { files: files.map(({ name }) => name), bytes, findings };
}
