import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { InstanceKeys } from './instance-keys.js';
import { WebhookSecrets } from './webhook-secrets.js';

const TEXT = { event: 'evt_1', timestamp: 1_893_456_000, body: '{"id":"evt_1"}' };
const keys = new InstanceKeys(Buffer.alloc(32, 1));
const secrets = new WebhookSecrets(keys);

/** As the specification says it, without its package. */
function expected(secret: string): string {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const text = `${TEXT.event}.${TEXT.timestamp}.${TEXT.body}`;
  return `v1,${createHmac('sha256', key).update(text).digest('base64')}`;
}

describe('a webhook secret', () => {
  it('is 32 bytes after a prefix, the same for the same name, and another for each and every purpose', () => {
    const secret = keys.webhookSecret('s1');
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(keys.webhookSecret('s1')).toBe(secret);
    expect(keys.webhookSecret('s2')).not.toBe(secret);
    expect(new InstanceKeys(Buffer.alloc(32, 2)).webhookSecret('s1')).not.toBe(secret);
    expect(keys.issue('s1').key).not.toContain(secret.slice('whsec_'.length));
  });

  it('signs id, time and body by the Standard Webhooks scheme, one signature for each secret', () => {
    const [s1, s2] = [keys.webhookSecret('s1'), keys.webhookSecret('s2')];
    expect(secrets.sign(['s1'], TEXT)).toBe(expected(s1));
    expect(secrets.sign(['s2', 's1'], TEXT)).toBe(`${expected(s2)} ${expected(s1)}`);
  });

  it('is shown where its own place is, and no other one is', () => {
    const body = `${secrets.placeOf('s1')} ${secrets.placeOf('s2')}`;
    expect(secrets.fillIn(body, 's1')).toBe(`${keys.webhookSecret('s1')} ${secrets.placeOf('s2')}`);
  });
});
