import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from './child.process.js';

const DOCUMENT = join(REPOSITORY, 'docs/benchmarks.md');

/**
 * Puts `text` between the document's markers `<!-- name -->` and `<!-- end of name -->`.
 * @param {string} name
 * @param {string} text
 */
export async function record(name, text) {
  const document = await readFile(DOCUMENT, 'utf8');
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/benchmarks.md has no place for ${name}`);
  const before = document.slice(0, from + begin.length);
  await writeFile(DOCUMENT, `${before}\n\n${text}\n\n${document.slice(to)}`);
}
