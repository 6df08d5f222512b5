import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Only for tests: a production build has its `.js` files beside each other already. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Every file of ours that a source names: imports, and entries of further workers. */
const REFERENCE = /'((?:\.{1,2}\/|#)[^']+)'/g;

/**
 * Compiles the source of `entry` (given as the `.js` it would become) and all sources it refers to, once per content,
 * into a tree of the same shape.
 */
export async function buildSource(entry: URL): Promise<URL> {
  const entryFile = sourceOf(fileURLToPath(entry));
  const sources = new Map<string, string>();
  collect(entryFile, sources);

  const content = createHash('sha256')
    .update(JSON.stringify([...sources]))
    .digest('hex');
  const folder = join(ROOT, 'node_modules/.cache/bursar', content.slice(0, 16));
  if (!existsSync(folder)) await compile(sources, folder);
  return pathToFileURL(join(folder, compiledName(entryFile)));
}

async function compile(sources: Map<string, string>, folder: string): Promise<void> {
  const { default: ts } = await import('typescript');
  const unfinished = `${folder}.${process.pid}`;
  write(
    join(unfinished, 'package.json'),
    JSON.stringify({ type: 'module', imports: { '#*': './libs/*/index.js' } }),
  );
  for (const [file, source] of sources) {
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2023,
        experimentalDecorators: true,
      },
    });
    write(join(unfinished, compiledName(file)), outputText);
  }
  try {
    renameSync(unfinished, folder);
  } catch {
    // Another process was faster with the same content.
    rmSync(unfinished, { recursive: true });
  }
}

function collect(file: string, sources: Map<string, string>): void {
  if (sources.has(file)) return;
  const source = readFileSync(file, 'utf8');
  sources.set(file, source);
  for (const [, reference = ''] of source.matchAll(REFERENCE)) {
    const target = reference.startsWith('#')
      ? join(ROOT, 'libs', reference.slice(1), 'index.ts')
      : sourceOf(join(dirname(file), reference));
    if (target.endsWith('.ts') && existsSync(target)) collect(target, sources);
  }
}

function sourceOf(file: string): string {
  return file.replace(/\.js$/, '.ts');
}

function compiledName(file: string): string {
  return relative(ROOT, file).replace(/\.ts$/, '.js');
}

function write(file: string, content: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
