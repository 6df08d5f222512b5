import { describe, expect, it } from 'vitest';
import { positionOf, toRecordedEvent } from './recorded-event.js';
import type { ServerRecord } from './record.source.js';
import { connectionTo } from './server.connection.js';

const record = (fields: Partial<ServerRecord> = {}): ServerRecord => ({
  streamId: 'agent-1',
  id: '00000000-0000-4000-8000-000000000001',
  revision: 3n,
  type: 'AgentRegistered',
  data: { name: 'a' },
  metadata: { $correlationId: 'flow', $causationId: 'command', schemaVersion: 1 },
  isJson: true,
  created: new Date(Date.UTC(2030, 0, 1)),
  position: { commit: 1234n, prepare: 1234n },
  ...fields,
});

describe('a record of the server', () => {
  it('is an event of the port when it could have been written through it', () => {
    expect(toRecordedEvent(record())).toEqual({
      stream: 'agent-1',
      revision: 3,
      position: 1234,
      id: '00000000-0000-4000-8000-000000000001',
      type: 'AgentRegistered',
      data: { name: 'a' },
      metadata: { $correlationId: 'flow', $causationId: 'command', schemaVersion: 1 },
      recordedAt: '2030-01-01T00:00:00.000Z',
    });
  });

  it.each<[string, Partial<ServerRecord>]>([
    ['a stream of the server', { streamId: '$stats-127.0.0.1' }],
    ['a stream named otherwise', { streamId: 'invoices' }],
    ['bytes', { isJson: false, data: new Uint8Array([1]) }],
    ['JSON that is none', { data: '{"broken' }],
    ['a list', { data: [1] }],
    ['no metadata', { metadata: undefined }],
    ['metadata that is no JSON', { metadata: new Uint8Array([1]) }],
  ])('is none of ours with %s', (_, fields) => {
    expect(toRecordedEvent(record(fields))).toBeUndefined();
  });

  it('has no position where the server says that it does not know it', () => {
    const unknown = { commit: 2n ** 64n - 1n, prepare: 2n ** 64n - 1n };
    expect(() => positionOf(record({ position: unknown }))).toThrow(RangeError);
    expect(() => positionOf(record({ position: undefined }))).toThrow(/agent-1/);
  });
});

describe('a connection string', () => {
  it.each([
    ['esdb://user:pass%40word@one:2113,two:2113?tls=true', 'user', 'pass@word'],
    ['esdb+discover://user:pa:ss@one:2113', 'user', 'pa:ss'],
    ['esdb://one:2113?tls=false&keepAliveInterval=-1', 'nobody', 'nothing'],
  ])('%s gives each call a user and a password', (url, username, password) => {
    expect(connectionTo(url).credentials).toEqual({ username, password });
  });

  it('without a user is refused where the connection is secure', () => {
    expect(() => connectionTo('esdb://one:2113')).toThrow(TypeError);
  });
});
