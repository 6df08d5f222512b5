import { createHash } from 'node:crypto';

export interface ApiKey {
  mode: 'live' | 'test';
  /** Names the key; no secret. */
  id: string;
  secret: string;
}

/** Letters and digits only, so the underscore only separates. */
const KEY = /^bk_(live|test)_([A-Za-z0-9]{1,64})_([A-Za-z0-9]{16,128})$/;

export function formatApiKey(mode: ApiKey['mode'], id: string, secret: string): string {
  return `bk_${mode}_${id}_${secret}`;
}

/** Null for what cannot be a key. */
export function parseApiKey(text: string): ApiKey | null {
  const [, mode, id, secret] = KEY.exec(text) ?? [];
  if (mode === undefined || id === undefined || secret === undefined) return null;
  return { mode: mode === 'live' ? 'live' : 'test', id, secret };
}

/** SHA-256 of the whole key, hex: all that is ever stored of it. The secret is random, so a plain hash is enough. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key, 'utf8').digest('hex');
}
