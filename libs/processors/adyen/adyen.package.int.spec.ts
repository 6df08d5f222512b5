import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** Tests load packages in a way of their own that finds more names in them than Node does. */
describe("Adyen's package", () => {
  it('gives Node itself the validator that the reader of notices imports', () => {
    const source = readFileSync(new URL('adyen.notices.ts', import.meta.url), 'utf8');
    const [statement] = /^import .* from '@adyen\/.*;$/m.exec(source) ?? [];
    const [validator] = /new [\w.]*\bhmacValidator\(\)/i.exec(source) ?? [];
    const program = `${statement} console.log(typeof (${validator}).validateHMACSignature)`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program]);
    expect(printed.toString().trim()).toBe('function');
  });
});
