import { describe, expect, it } from 'vitest';
import { parseNatsUrl } from '../nats.url.js';
import { type NatsSettings, clientOptions, serversOf } from './nats.settings.js';

const options = (settings: Partial<NatsSettings>) =>
  clientOptions({ url: 'nats://a.example', name: 'gateway', ...settings });

describe('the address of NATS', () => {
  it.each([
    'nats://127.0.0.1:4222',
    'tls://nats.example',
    'nats://[::1]:4222/',
    'nats://user:p%40ss@a.example:4222,nats://b.example',
    'tls://a.example:4222, tls://b.example:4222',
  ])('may be %s', (url) => {
    expect(parseNatsUrl(url)).not.toBeNull();
  });

  it.each([
    '',
    'a.example:4222',
    'http://a.example',
    'nats://',
    'nats://a.example:port',
    'nats://a.example?tls=1',
    'nats://a.example,,nats://b.example',
    'nats://a.example,tls://b.example',
    'nats://user@a.example',
    'nats://user:p@ss@a.example',
  ])('is refused as %j', (url) => {
    expect(parseNatsUrl(url)).toBeNull();
    expect(() => options({ url })).toThrow('nats://host:port');
  });

  it('names servers without the secrets that were written into it', () => {
    const url = 'nats://user:secret@a.example:4222, nats://b.example';
    expect(serversOf({ url })).toEqual(['a.example:4222', 'b.example']);
  });
});

describe('the options of the client', () => {
  it('are an inbox and a name of its own', () => {
    expect(options({})).toEqual({
      servers: ['a.example'],
      name: 'gateway',
      inboxPrefix: '_INBOX.gateway',
    });
  });

  it('have the user of the settings, or of the address', () => {
    const url = 'nats://agent%3A1:p%40ss@a.example';
    expect(options({ url })).toMatchObject({ user: 'agent:1', pass: 'p@ss' });
    expect(options({ url, user: 'gateway', password: 'g' })).toMatchObject({
      user: 'gateway',
      pass: 'g',
    });
  });

  it('insist on TLS where the address does', () => {
    expect(options({ url: 'tls://a.example' }).tls).toEqual({});
    expect(options({ url: 'tls://a.example', caFile: 'ca.pem' }).tls).toEqual({ caFile: 'ca.pem' });
    expect(options({ caFile: 'ca.pem' })).not.toHaveProperty('tls');
  });
});
