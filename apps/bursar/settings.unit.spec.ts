import { describe, expect, it } from 'vitest';
import { eventsAccessOf } from './nats.settings.js';
import { readSettings } from './settings.js';

describe('the participants of reservations', () => {
  const read = (text: string) =>
    readSettings({ BURSAR_RESERVATION_PARTICIPANTS: text }).reservationParticipants;

  it('are none unless some are named', () => {
    expect(readSettings({}).reservationParticipants).toEqual([]);
    expect(read('')).toEqual([]);
  });

  it('are named with their addresses', () => {
    expect(read('depot=https://depot.example/api, shop_2=http://127.0.0.1:9000')).toEqual([
      { participant: 'depot', baseUrl: 'https://depot.example/api' },
      { participant: 'shop_2', baseUrl: 'http://127.0.0.1:9000' },
    ]);
  });

  it.each([
    'depot',
    'depot=',
    '=https://depot.example',
    'depot=ftp://depot.example',
    'depot=https://',
    'depot=https://depot.example?key=1',
    'Depot=https://depot.example',
    'depot=https://depot.example,',
    'depot=https://a.example,depot=https://b.example',
    `${'x'.repeat(65)}=https://depot.example`,
  ])('are refused as %j', (text) => {
    expect(() => read(text)).toThrow('BURSAR_RESERVATION_PARTICIPANTS');
  });
});

describe('the way to NATS', () => {
  it('is none unless there is an address', () => {
    expect(readSettings({}).nats).toBeNull();
    expect(readSettings({ BURSAR_NATS_URL: '', BURSAR_NATS_USER: 'gateway' }).nats).toBeNull();
  });

  it('is an address, and what proves who comes', () => {
    const env = { BURSAR_NATS_URL: 'nats://a.example:4222', BURSAR_NATS_NKEY_FILE: 'gateway.nk' };
    expect(readSettings(env).nats).toMatchObject({
      url: 'nats://a.example:4222',
      nkeyFile: 'gateway.nk',
      allowAnonymous: false,
    });
  });

  it.each([
    [{}, { nkeyFile: undefined }],
    [{ BURSAR_NATS_USER: 'u' }, { user: 'u' }],
    [{ BURSAR_NATS_EVENTS_NKEY_FILE: 'events.nk' }, { nkeyFile: 'events.nk' }],
    [
      { BURSAR_NATS_NKEY_FILE: 'gateway.nk', BURSAR_NATS_EVENTS_NKEY_FILE: 'events.nk' },
      { nkeyFile: 'events.nk' },
    ],
    // The key of one process is no key for what only another one may do.
    [{ BURSAR_NATS_NKEY_FILE: 'gateway.nk' }, null],
  ])('is, for events, with %j that of %j', (env, expected) => {
    const { nats } = readSettings({ BURSAR_NATS_URL: 'nats://a.example', ...env });
    const access = nats && eventsAccessOf(nats);
    if (expected === null) expect(access).toBeNull();
    else expect(access).toMatchObject({ url: 'nats://a.example', ...expected });
  });

  it.each([
    [{ BURSAR_NATS_URL: 'a.example:4222' }, 'BURSAR_NATS_URL'],
    [{ BURSAR_NATS_ALLOW_ANONYMOUS: 'yes' }, 'BURSAR_NATS_ALLOW_ANONYMOUS'],
    [{ BURSAR_NATS_CERTIFICATE_FILE: 'x.pem' }, 'BURSAR_NATS_KEY_FILE'],
  ])('is refused with %j', (env, named) => {
    expect(() => readSettings({ BURSAR_NATS_URL: 'tls://a.example', ...env })).toThrow(named);
  });
});

describe('the window of possible duplicates', () => {
  const read = (seconds: string) =>
    readSettings({ BURSAR_DUPLICATE_WINDOW_SECONDS: seconds }).duplicateWindowMs;

  it('is a day unless another one is given in seconds', () => {
    expect(readSettings({}).duplicateWindowMs).toBe(86_400_000);
    expect(read('90')).toBe(90_000);
  });

  it.each(['0', '-1', '1.5', '1e3', 'day', '100000000'])('is refused as %j', (seconds) => {
    expect(() => read(seconds)).toThrow('BURSAR_DUPLICATE_WINDOW_SECONDS');
  });
});

describe('whether events may be sent to the own network', () => {
  const read = (text: string) =>
    readSettings({ BURSAR_WEBHOOKS_ALLOW_INTERNAL: text }).webhooksAllowInternal;

  it('is allowed only by a word for it', () => {
    expect(readSettings({}).webhooksAllowInternal).toBe(false);
    expect(['', 'false', '0', 'true', '1'].map(read)).toEqual([false, false, false, true, true]);
  });

  it.each(['yes', 'TRUE', ' 1', 'all'])('is refused as %j', (text) => {
    expect(() => read(text)).toThrow('BURSAR_WEBHOOKS_ALLOW_INTERNAL');
  });
});
