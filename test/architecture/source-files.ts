import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** A file of the project; the rules also take made-up ones, to show that they catch what they forbid. */
export interface ProjectFile {
  /** From the repository's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

const NOT_OURS = new Set(['node_modules', 'dist', 'data', 'coverage', '.git']);

/** Every file below `folder`, in the order of their paths. */
export function filesBelow(folder: string): ProjectFile[] {
  return readdirSync(join(REPOSITORY, folder), { withFileTypes: true })
    .filter(({ name }) => !NOT_OURS.has(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(path);
      return entry.isFile() ? [fileAt(path)] : [];
    });
}

export function fileAt(path: string): ProjectFile {
  return { path, text: readFileSync(join(REPOSITORY, path), 'utf8') };
}

export function madeUp(path: string, ...lines: string[]): ProjectFile {
  return { path, text: lines.join('\n') };
}

/** Specs, shared suites, and programs that only specs start: they may reach where production code may not. */
export function isTest({ path }: ProjectFile): boolean {
  return path.startsWith('test/') || /\.(spec|contract|child|fixture)\.ts$/.test(path);
}

const TYPESCRIPT = ['libs', 'apps', 'test'].flatMap(filesBelow).filter(isTypeScript);

function isTypeScript({ path }: ProjectFile): boolean {
  return path.endsWith('.ts');
}

/** All TypeScript of the project, and the part of it that runs in production. */
export const sources: readonly ProjectFile[] = TYPESCRIPT;
export const production: readonly ProjectFile[] = TYPESCRIPT.filter((file) => !isTest(file));

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"]+)['"]|\b(?:import|require)\(\s*['"]([^'"]+)['"]/g;

/** What a file imports, as it is written there. */
export function importsOf({ text }: ProjectFile): string[] {
  return [...text.matchAll(IMPORT)].map(([, from, called]) => from ?? called ?? '');
}

/** The path that a relative import means, without an ending. */
export function resolved(file: ProjectFile, specifier: string): string {
  return posix.join(dirname(file.path), specifier).replace(/\.[jt]s$/, '');
}

/** `libs/bus` or `apps/gateway`: the folder that rules speak of. */
export function unitOf(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

/** `@scope/name` or `name` of a package import; undefined for our own files and for Node's. */
export function packageOf(specifier: string): string | undefined {
  if (/^(?:[.#/]|node:)/.test(specifier)) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** The text without comments, which begin a line or follow a space everywhere in formatted code. */
export function codeOf({ text }: ProjectFile): string {
  return text.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}

/** `path: reason` for every pattern that the code of a file matches. */
export function forbidden(
  files: readonly ProjectFile[],
  patterns: Readonly<Record<string, RegExp>>,
): string[] {
  return files.flatMap((file) => {
    const code = codeOf(file);
    return Object.entries(patterns)
      .filter(([, pattern]) => pattern.test(code))
      .map(([name]) => `${file.path}: ${name}`);
  });
}
