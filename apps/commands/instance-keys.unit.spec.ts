import { describe, expect, it } from 'vitest';
import { hashKey, parseApiKey } from '#contracts';
import { InstanceKeys, fillInKey, placeOfKey } from './instance-keys.js';

const SECRET = Buffer.alloc(32, 7);
const keys = new InstanceKeys(SECRET);

describe('an issued key', () => {
  it('is the same for the same seed, in every life of the instance', () => {
    expect(new InstanceKeys(Buffer.from(SECRET)).issue('op-1')).toEqual(keys.issue('op-1'));
  });

  it('differs for another seed and for another instance, in its name and in its secret', () => {
    const others = [keys.issue('op-2'), new InstanceKeys(Buffer.alloc(32, 8)).issue('op-1')];
    const [own, ...different] = [keys.issue('op-1'), ...others].map(({ key }) => parseApiKey(key));
    for (const other of different) {
      expect(other?.id).not.toBe(own?.id);
      expect(other?.secret).not.toBe(own?.secret);
    }
  });

  it('is a well-formed key whose hash is what is stored', () => {
    const { id, key, hash } = keys.issue('op-1');
    expect(parseApiKey(key)).toMatchObject({ mode: 'test', id });
    expect(hash).toBe(hashKey(key));
  });

  it('is not made from a short secret', () => {
    expect(() => new InstanceKeys(Buffer.alloc(31))).toThrow(RangeError);
  });
});

describe('a recorded answer', () => {
  const issued = keys.issue('op-1');
  const body = JSON.stringify({ id: 'agt_1', key: placeOfKey(issued) });

  it('holds no secret', () => {
    expect(body).not.toContain(parseApiKey(issued.key)?.secret);
  });

  it('gets its key when it is sent, the same each time', () => {
    const sent = fillInKey(body, keys.issue('op-1'));
    expect(JSON.parse(sent)).toEqual({ id: 'agt_1', key: issued.key });
  });

  it('shows no other key, although a caller names one in its request', () => {
    const other = placeOfKey(keys.issue('op-of-another-tenant'));
    const sent = fillInKey(JSON.stringify({ name: other, key: placeOfKey(issued) }), issued);
    expect(JSON.parse(sent)).toEqual({ name: other, key: issued.key });
  });
});
