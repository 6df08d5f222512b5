import { describe, expect, it } from 'vitest';
import { formatApiKey, hashKey, parseApiKey } from './api-key.js';

describe('API keys', () => {
  const key = formatApiKey('test', 'abc', '0123456789abcdef');

  it('tell their mode and id', () => {
    expect(key).toBe('bk_test_abc_0123456789abcdef');
    expect(parseApiKey(key)).toEqual({ mode: 'test', id: 'abc', secret: '0123456789abcdef' });
    expect(parseApiKey('bk_live_a_0123456789abcdef')?.mode).toBe('live');
  });

  it('are told from what cannot be one', () => {
    const others = [
      '',
      'bk_test_abc',
      `${key}_x`,
      ` ${key}`,
      `${key}\n`,
      key.replace('test', 'prod'),
    ];
    for (const text of others) expect(parseApiKey(text), text).toBeNull();
    expect(parseApiKey('k'.repeat(5_000))).toBeNull();
  });

  it('are hashed whole', () => {
    expect(hashKey(key)).toBe('9aeacd35acbef1e76bba53f7509998e4dcd84955b7e45d29b06afbb412ed8a6b');
  });
});
