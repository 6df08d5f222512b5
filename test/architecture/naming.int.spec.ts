import { describe, expect, it } from 'vitest';
import { type ProjectFile, codeOf, madeUp, sources } from './source-files.js';

const WORD = '[a-z0-9]+(?:-[a-z0-9]+)*';
const KEBAB_FILE = new RegExp(`^${WORD}(?:\\.${WORD})*\\.ts$`);
const KEBAB_FOLDER = new RegExp(`^${WORD}$`);
/** Names that say nothing about what is inside. */
const VAGUE = /(?:^|[-.])(?:utils?|helpers?|common|managers?|services?|misc|shared-code)(?:[-.]|$)/;
const COST = /\.(?:unit|int|contract|e2e|sim)\.spec\.ts$/;

/** What a file declares must be in its name. */
const STEREOTYPES: readonly (readonly [declares: RegExp, name: RegExp])[] = [
  [/^@Controller\(/m, /\.controller\.ts$/],
  [/^@Module\(/m, /\.module\.ts$/],
  [/^\s*@Saga\(/m, /\.saga\.ts$/],
  [/^@CommandHandler\(/m, /(?:\.handlers?|\/actors)\.ts$/],
  [/^export (?:const \w+|function \w+\([^)]*\)): Decider</m, /\.decider\.ts$/],
  [/^export const \w+: Projection\b/m, /\.projection\.ts$/],
];

function badNames(files: readonly Pick<ProjectFile, 'path'>[]): string[] {
  return files
    .map(({ path }) => path)
    .filter((path) => {
      const parts = path.split('/');
      const file = parts.pop() ?? '';
      const kebab = KEBAB_FILE.test(file) && parts.every((folder) => KEBAB_FOLDER.test(folder));
      return !kebab || parts.includes('src') || [...parts, file].some((part) => VAGUE.test(part));
    });
}

function specsWithoutCost(files: readonly Pick<ProjectFile, 'path'>[]): string[] {
  return files
    .map(({ path }) => path)
    .filter((path) => /\.spec\.ts$/.test(path) && !COST.test(path));
}

function missingStereotypes(files: readonly ProjectFile[]): string[] {
  return files
    .filter(({ path }) => !path.startsWith('test/'))
    .flatMap((file) =>
      STEREOTYPES.filter(([declares]) => declares.test(codeOf(file)))
        .filter(([, name]) => !name.test(file.path))
        .map(([declares]) => `${file.path} declares ${declares.source}`),
    );
}

describe('names', () => {
  it('are kebab-case and say what is inside', () => {
    expect(badNames(sources)).toEqual([]);
  });

  it('of specs say what running them costs', () => {
    expect(specsWithoutCost(sources)).toEqual([]);
  });

  it('carry the stereotype of what a file declares', () => {
    expect(missingStereotypes(sources)).toEqual([]);
  });

  it.each([
    'libs/domain/Mandate.ts',
    'libs/domain/mandate_state.ts',
    'libs/domain/string-utils.ts',
    'libs/bus/bus.service.ts',
    'libs/common/x.ts',
    'libs/domain/src/mandate.ts',
  ])('such as %s are caught', (path) => {
    expect(badNames([{ path }])).toEqual([path]);
  });

  it('of specs without a cost are caught', () => {
    const path = 'libs/domain/mandate/mandate.spec.ts';
    expect(specsWithoutCost([{ path }])).toEqual([path]);
  });

  it('without the stereotype of their content are caught', () => {
    const file = madeUp('apps/gateway/payments.ts', '@Controller()', 'export class Payments {}');
    expect(missingStereotypes([file])).toHaveLength(1);
  });
});
