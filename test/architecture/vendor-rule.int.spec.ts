import { describe, expect, it } from 'vitest';
import {
  type ProjectFile,
  fileAt,
  importsOf,
  madeUp,
  packageOf,
  production,
  sources,
  unitOf,
} from './source-files.js';

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

const MANIFEST = JSON.parse(fileAt('package.json').text) as Manifest;

/** The framework is what apps are made of, so it is wider; where exactly is listed all the same. */
const FRAMEWORK: Readonly<Record<string, readonly string[]>> = {
  '@nestjs/common': [
    'apps/bursar',
    'apps/commands',
    'apps/connectors',
    'apps/gateway',
    'apps/queries',
    'apps/sagas',
    'libs/bus',
    'libs/contracts',
  ],
  '@nestjs/core': ['apps/bursar'],
  '@nestjs/cqrs': ['apps/bursar', 'apps/commands', 'apps/sagas', 'libs/runtime'],
  '@nestjs/microservices': ['apps/commands', 'apps/connectors', 'apps/queries', 'libs/bus'],
  '@nestjs/platform-fastify': ['apps/bursar', 'apps/gateway'],
  '@nestjs/swagger': ['apps/gateway', 'libs/contracts'],
  fastify: ['apps/gateway'],
  'reflect-metadata': ['apps/bursar'],
  rxjs: ['apps/sagas', 'libs/bus', 'libs/runtime'],
};

/** Packages that no file of ours names, and who loads them instead. */
const LOADED_BY_OTHERS: Readonly<Record<string, string>> = {
  '@fastify/static': '@nestjs/swagger, to serve the documentation',
  'class-transformer': 'class-validator through @nestjs/common',
};

/** Both register the same protocol for the whole process, and then neither can write its messages. */
const NOT_TOGETHER = ['@eventstore/db-client', '@kurrent/kurrentdb-client'] as const;

/** Tools that code outside of specs may load, and why. */
const TOOLS_IN_PRODUCTION: Readonly<Record<string, string>> = {
  'libs/sqlite/source-build.ts': 'compiles a worker for specs, which run from the sources',
};

function misplacedPackages(files: readonly ProjectFile[]): string[] {
  const homes = foldersByPackage(files);
  return [...homes].flatMap(([name, folders]) => {
    const allowed = FRAMEWORK[name];
    if (allowed) {
      const others = [...folders].filter((folder) => !allowed.includes(folder));
      return others.map((folder) => `${name} does not belong into ${folder}`);
    }
    return folders.size > 1 ? [`${name} is imported from ${[...folders].join(' and ')}`] : [];
  });
}

function undeclaredPackages(files: readonly ProjectFile[], declared: readonly string[]): string[] {
  return files
    .filter(({ path }) => !Object.hasOwn(TOOLS_IN_PRODUCTION, path))
    .flatMap((file) =>
      importsOf(file)
        .map(packageOf)
        .filter((name) => name !== undefined && !declared.includes(name))
        .map((name) => `${file.path}: ${name}`),
    );
}

function unusedPackages(files: readonly ProjectFile[], declared: readonly string[]): string[] {
  const homes = foldersByPackage(files);
  return declared.filter((name) => !homes.has(name) && !Object.hasOwn(LOADED_BY_OTHERS, name));
}

function loadedTogether(installed: readonly string[]): boolean {
  return NOT_TOGETHER.every((name) => installed.some((path) => path.endsWith(`/${name}`)));
}

function foldersByPackage(files: readonly ProjectFile[]): Map<string, Set<string>> {
  const homes = new Map<string, Set<string>>();
  for (const file of files)
    for (const name of importsOf(file).map(packageOf))
      if (name !== undefined) {
        const folders = homes.get(name) ?? new Set();
        homes.set(name, folders.add(unitOf(file.path)));
      }
  return homes;
}

describe('the vendor rule', () => {
  it('lets each package be imported from exactly one lib or app', () => {
    expect(misplacedPackages(production)).toEqual([]);
  });

  it('lets production code import dependencies only, not the tools of development', () => {
    expect(undeclaredPackages(production, Object.keys(MANIFEST.dependencies))).toEqual([]);
  });

  it('lets specs import nothing that is not declared', () => {
    const declared = { ...MANIFEST.dependencies, ...MANIFEST.devDependencies };
    expect(undeclaredPackages(sources, Object.keys(declared))).toEqual([]);
  });

  it('has no dependency that nobody imports', () => {
    expect(unusedPackages(production, Object.keys(MANIFEST.dependencies))).toEqual([]);
  });

  it('has nothing in its lists that is not needed any more', () => {
    const homes = foldersByPackage(production);
    const idle = Object.entries(FRAMEWORK).flatMap(([name, folders]) =>
      folders.filter((folder) => !homes.get(name)?.has(folder)).map((each) => `${name} ${each}`),
    );
    const loadedAfterAll = Object.keys(LOADED_BY_OTHERS).filter((name) => homes.has(name));
    expect([...idle, ...loadedAfterAll]).toEqual([]);
  });

  it('installs no two clients of the same protocol', () => {
    const lock = JSON.parse(fileAt('package-lock.json').text) as { packages: object };
    const installed = Object.keys(lock.packages);
    expect(installed).toContain(`node_modules/${NOT_TOGETHER[0]}`);
    expect(loadedTogether(installed)).toBe(false);
    expect(loadedTogether(NOT_TOGETHER.map((name) => `node_modules/${name}`))).toBe(true);
  });

  it('pins every version exactly', () => {
    const versions = Object.entries({ ...MANIFEST.dependencies, ...MANIFEST.devDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('catches a package that two folders import', () => {
    const files = [
      madeUp('libs/processors/a.ts', `import { circuitBreaker } from 'cockatiel';`),
      madeUp('libs/fraud/b.ts', `import { timeout } from 'cockatiel';`),
    ];
    expect(misplacedPackages(files)).toEqual([
      'cockatiel is imported from libs/processors and libs/fraud',
    ]);
  });

  it('catches the framework where it is not listed', () => {
    const file = madeUp('libs/fraud/a.ts', `import { Injectable } from '@nestjs/common';`);
    expect(misplacedPackages([file])).toEqual(['@nestjs/common does not belong into libs/fraud']);
  });

  it('catches a package that is not declared, and one that is of no use', () => {
    const file = madeUp('libs/policy/a.ts', `import x from '@scope/name/deep';`);
    expect(undeclaredPackages([file], ['uuid'])).toEqual(['libs/policy/a.ts: @scope/name']);
    expect(unusedPackages([file], ['uuid'])).toEqual(['uuid']);
  });
});
