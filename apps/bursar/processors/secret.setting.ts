import { readFileSync } from 'node:fs';

/**
 * A secret of the environment, or of the file that `<name>_FILE` names; undefined without either. Adds to `faults` what is
 * wrong, and never any of it.
 */
export function secretOf(
  env: NodeJS.ProcessEnv,
  name: string,
  faults: string[],
): string | undefined {
  const [text, path] = [env[name]?.trim() || undefined, env[`${name}_FILE`] || undefined];
  if (path === undefined) return text;
  if (text !== undefined) faults.push(`${name} and ${name}_FILE exclude each other`);
  try {
    const secret = readFileSync(path, 'utf8').trim();
    if (secret === '') faults.push(`the file of ${name}_FILE is empty`);
    return secret;
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    faults.push(`the file of ${name}_FILE cannot be read: ${code}`);
    // Something was meant to be there, so nothing else is said to be missing.
    return '';
  }
}

/** Several of them, separated by commas or lines: while one replaces another, both hold. */
export function secretsOf(env: NodeJS.ProcessEnv, name: string, faults: string[]): string[] {
  const secrets = (secretOf(env, name, faults) ?? '').split(/[,\n]/).map((each) => each.trim());
  return secrets.filter((each) => each !== '');
}

/** What is said of an account whose key is missing: without it everything would be paid through the sandbox, unnoticed. */
export function orphansOf(env: NodeJS.ProcessEnv, names: readonly string[], key: string): string[] {
  const set = names.filter((name) => env[name] || env[`${name}_FILE`]);
  return set.map((name) => `${name} is set, but ${key} is not`);
}
