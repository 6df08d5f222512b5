import { describe, expect, it } from 'vitest';
import { type ProjectFile, filesBelow, madeUp } from './source-files.js';

/** Whoever clones this has other folders, another user and another mirror of packages. */
const PRIVATE: Readonly<Record<string, RegExp>> = {
  'names a folder of a machine':
    /(?<![\w.:/*}-])\/(?:work|root|mnt|Users\/\w+|home\/\w+|tmp\/[\w.-]+|var\/folders)\b/,
  'names a registry of packages':
    /\bregistry\.(?!npmjs\.org)[\w-]+\.\w+|\b(?:artifactor[y]|verdacci[o]|nexu[s])\b|\b_auth[T]oken\b/,
};
const LOCK_FILE = 'package-lock.json';

function privateNames(files: readonly ProjectFile[]): string[] {
  return files.flatMap((file) => {
    const found = Object.entries(PRIVATE)
      .filter(([, pattern]) => pattern.test(file.text))
      .map(([reason]) => `${file.path}: ${reason}`);
    const registry =
      file.path !== LOCK_FILE && file.text.includes(['registry', 'npmjs.org'].join('.'));
    return registry ? [...found, `${file.path}: names a registry of packages`] : found;
  });
}

function foreignHosts({ text }: ProjectFile): string[] {
  const hosts = [...text.matchAll(/"resolved": "https?:\/\/([^/"]+)/g)].map(([, host]) => host);
  return [...new Set(hosts)].filter(
    (host) => host !== ['registry', 'npmjs.org'].join('.'),
  ) as string[];
}

const project = filesBelow('.');

describe('the files of the project', () => {
  it('name no folder of a machine and no registry of packages', () => {
    expect(privateNames(project)).toEqual([]);
  });

  it('lock packages of the public registry only', () => {
    const lock = project.filter(({ path }) => path === LOCK_FILE);
    expect(lock).toHaveLength(1);
    expect(lock.flatMap(foreignHosts)).toEqual([]);
  });

  it.each([
    [['', 'home', 'someone', 'bursar'].join('/'), 'names a folder of a machine'],
    [['', 'tmp', 'notes.md'].join('/'), 'names a folder of a machine'],
    [['registry', 'internal', 'example'].join('.'), 'names a registry of packages'],
    [['registry', 'npmjs.org'].join('.'), 'names a registry of packages'],
  ])('are caught with %s', (name, reason) => {
    expect(privateNames([madeUp('README.md', `see ${name}`)])).toEqual([`README.md: ${reason}`]);
  });

  it('may name paths of the interface', () => {
    expect(privateNames([madeUp('README.md', 'GET /v1/home, `https://x.example/root`')])).toEqual(
      [],
    );
  });

  it('are caught with a mirror in the lock file', () => {
    const lock = madeUp(LOCK_FILE, `"resolved": "https://mirror.example/x.tgz"`);
    expect(foreignHosts(lock)).toEqual(['mirror.example']);
  });
});
