import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, answer } from '#contracts';
import { type CertificateFiles, certificateAuthority } from '../../../test/support/certificates.js';
import type { CardCall } from '../../gateway/card-road.port.js';
import { type CardsDoor, openCardsDoor } from './cards.door.js';
import { ClosedCardRoad } from './card.roads.js';
import { TlsCardRoad } from './tls-card.road.js';

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
const roads: TlsCardRoad[] = [];
beforeEach(async () => {
  [came, troubles] = [[], []];
  reply = () => Promise.resolve(CREATED);
  const tokenization = {
    tokenize: (call: CardCall, body: Uint8Array) => {
      came.push({ call, body: Buffer.from(body).toString('utf8') });
      return reply();
    },
  };
  door = await openCardsDoor(
    tokenization as never,
    { ...there, host: '127.0.0.1', port: 0 },
    { report: (message) => void troubles.push(message) },
  );
});
afterEach(async () => {
  for (const road of roads.splice(0)) road.close();
  await door.close();
});

function road(files: CertificateFiles, port = door.port, protocol = 'https'): TlsCardRoad {
  const made = new TlsCardRoad({ ...files, url: `${protocol}://127.0.0.1:${port}` });
  roads.push(made);
  return made;
}

describe('the road of cards over TLS', () => {
  it('takes the very bytes and who brings them, and brings the answer back', async () => {
    expect(await road(here).tokenize(CALL, Buffer.from(BODY))).toEqual(CREATED);
    expect(came).toEqual([{ call: CALL, body: BODY }]);
  });

  it('lets nobody in without a certificate of its own authority, and trusts no other door', async () => {
    const unknown = road({ ...stranger, caFile: here.caFile }).tokenize(CALL, Buffer.from(BODY));
    await expect(unknown).rejects.toMatchObject({ name: 'CardRoadError', reason: 'away' });
    const distrusted = road({ ...here, caFile: stranger.caFile }).tokenize(CALL, Buffer.from(BODY));
    await expect(distrusted).rejects.toMatchObject({ name: 'CardRoadError', reason: 'away' });
    expect(came).toEqual([]);
  });

  it('is away while the write side is, and when nobody is at its end', async () => {
    reply = () => Promise.reject(new Error('nobody listens'));
    await expect(road(here).tokenize(CALL, Buffer.from(BODY))).rejects.toThrow('away');
    expect(troubles).toEqual(['a card could not be exchanged']);
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
