import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, answer } from '#contracts';
import { type CertificateFiles, certificateAuthority } from '../../../test/support/certificates.js';
import type { CardCall } from '../../gateway/card-road.port.js';
import type { NoticeReceipt } from '../../gateway/notice-road.port.js';
import { type CardsDoor, openCardsDoor } from './cards.door.js';
import { ClosedCardRoad, ClosedNoticeRoad } from './roads.js';
import { TlsCardRoad, TlsNoticeRoad, TlsRoad } from './tls.roads.js';

const CALL: CardCall = {
  principal: { tenant: 'tnt_a', role: 'agent', id: 'agt_1', key: 'k' },
  path: '/v1/payment_methods',
  idempotencyKey: 'schlüssel "1"',
  traceId: 'a'.repeat(32),
};
const BODY = '{"card":{"number":"4242424242424242"}}';
const CREATED = answer({ status: 201, body: '{"id":"pm_ü"}' }, { replayed: true });

let folder: string;
let here: CertificateFiles;
let there: CertificateFiles;
let stranger: CertificateFiles;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cards-'));
  const own = await certificateAuthority(folder, 'own');
  here = await own.certificate('gateway');
  there = await own.certificate('connectors');
  stranger = await (await certificateAuthority(folder, 'other')).certificate('stranger');
});
afterAll(() => rmSync(folder, { recursive: true }));

let door: CardsDoor;
let came: { call: CardCall; body: string }[];
let troubles: string[];
let reply: () => Promise<Answer>;
let received: { processor: string; headers: object; body: string }[];
let receipt: () => Promise<NoticeReceipt>;
const roads: TlsRoad[] = [];
beforeEach(async () => {
  [came, troubles, received] = [[], [], []];
  receipt = () => Promise.resolve('taken');
  reply = () => Promise.resolve(CREATED);
  const tokenization = {
    tokenize: (call: CardCall, body: Uint8Array) => {
      came.push({ call, body: Buffer.from(body).toString('utf8') });
      return reply();
    },
  };
  const notices = {
    take: (processor: string, headers: Readonly<Record<string, string>>, body: Uint8Array) => {
      received.push({ processor, headers, body: Buffer.from(body).toString('utf8') });
      return receipt();
    },
  };
  door = await openCardsDoor(
    { tokenization, notices },
    { ...there, host: '127.0.0.1', port: 0 },
    { report: (message) => void troubles.push(message) },
  );
});
afterEach(async () => {
  for (const road of roads.splice(0)) road.close();
  await door.close();
});

function way(files: CertificateFiles, port = door.port, protocol = 'https'): TlsRoad {
  const made = new TlsRoad({ ...files, url: `${protocol}://127.0.0.1:${port}` });
  roads.push(made);
  return made;
}

function road(...to: Parameters<typeof way>): TlsCardRoad {
  return new TlsCardRoad(way(...to));
}

describe('the road of cards over TLS', () => {
  it('takes the very bytes and who brings them, and brings the answer back', async () => {
    expect(await road(here).tokenize(CALL, Buffer.from(BODY))).toEqual(CREATED);
    expect(came).toEqual([{ call: CALL, body: BODY }]);
  });

  it('lets nobody in without a certificate of its own authority, and trusts no other door', async () => {
    const unknown = road({ ...stranger, caFile: here.caFile }).tokenize(CALL, Buffer.from(BODY));
    await expect(unknown).rejects.toMatchObject({ name: 'RoadError', reason: 'away' });
    const distrusted = road({ ...here, caFile: stranger.caFile }).tokenize(CALL, Buffer.from(BODY));
    await expect(distrusted).rejects.toMatchObject({ name: 'RoadError', reason: 'away' });
    expect(came).toEqual([]);
  });

  it('is away while the write side is, and when nobody is at its end', async () => {
    reply = () => Promise.reject(new Error('nobody listens'));
    await expect(road(here).tokenize(CALL, Buffer.from(BODY))).rejects.toThrow('away');
    expect(troubles).toEqual(['what came through the door for cards could not be taken']);
    await expect(road(here, 1).tokenize(CALL, Buffer.from(BODY))).rejects.toThrow('away');
  });

  it('ends at the door for what is no card, too large, or from nobody', async () => {
    const huge = Buffer.alloc(65 * 1024, 'x');
    await expect(road(here).tokenize(CALL, huge)).rejects.toThrow('away');
    const approver = { ...CALL, principal: { ...CALL.principal, role: 'approver' } } as CardCall;
    await expect(road(here).tokenize(approver, Buffer.from(BODY))).rejects.toThrow('away');
    expect(came).toEqual([]);
  });
});

describe('without a road', () => {
  it('nothing is sent anywhere', async () => {
    await expect(new ClosedCardRoad().tokenize()).rejects.toMatchObject({ reason: 'closed' });
  });
});

describe('the road of webhooks over TLS', () => {
  const notice = { processor: 'stripe', headers: { 'stripe-signature': 't=1,v1=ü' } };
  const deliver = (files = here) =>
    new TlsNoticeRoad(way(files)).deliver(notice, Buffer.from('{"id":"evt_1"}'));

  it.each(['taken', 'unknown_processor', 'signature_invalid', 'malformed'] as const)(
    'takes the very bytes and the headers, and brings back that it is %s',
    async (said) => {
      receipt = () => Promise.resolve(said);
      expect(await deliver()).toBe(said);
      expect(received).toEqual([{ ...notice, body: '{"id":"evt_1"}' }]);
    },
  );

  it('is away while it cannot be recorded, and for whoever is not trusted', async () => {
    receipt = () => Promise.reject(new Error('nobody listens'));
    await expect(deliver()).rejects.toMatchObject({ name: 'RoadError', reason: 'away' });
    const distrusted = deliver({ ...here, caFile: stranger.caFile });
    await expect(distrusted).rejects.toMatchObject({ name: 'RoadError', reason: 'away' });
  });

  it('is closed where none is configured', async () => {
    await expect(new ClosedNoticeRoad().deliver()).rejects.toMatchObject({ reason: 'closed' });
  });
});
