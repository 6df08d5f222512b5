import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { SystemRandom } from '#platform/system';
import { readIfThere, writePrivateFile } from './private-file.js';

const SECRET_BYTES = 32;

/** What API keys derive from: the file's, or a new one that is in the file then. @throws RangeError when the file holds something else */
export function provideInstanceSecret(path: string): Buffer {
  const known = readInstanceSecret(path);
  if (known) return known;
  const secret = new SystemRandom().bytes(SECRET_BYTES);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writePrivateFile(path, `${secret.toString('base64url')}\n`);
  return secret;
}

/** Null when there is no such file. @throws RangeError when it holds something else */
export function readInstanceSecret(path: string): Buffer | null {
  const text = readIfThere(path);
  if (text === undefined) return null;
  const secret = Buffer.from(text.trim(), 'base64url');
  if (secret.length >= SECRET_BYTES) return secret;
  throw new RangeError(`${path} does not hold ${SECRET_BYTES} bytes in base64url`);
}
