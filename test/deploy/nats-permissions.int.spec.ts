import { AckPolicy, type NatsConnection as Client } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addressed } from '#bus/nats';
import { NATS_NAMES, agentEntry, readerEntry } from '../../apps/bursar/nats-keys.js';
import { fileAt, filesBelow, isTest } from '../architecture/source-files.js';
import { eventually } from '../support/eventually.js';
import {
  type NatsStage,
  newKey,
  refusedToPublish,
  refusedToSubscribe,
  startNatsStage,
} from './deployed-nats.fixture.js';

type Name = (typeof NATS_NAMES)[number];

const INTERNAL = 'bursar.internal.';
const KEYS = Object.fromEntries(NATS_NAMES.map((name) => [name, newKey()])) as Record<
  Name,
  ReturnType<typeof newKey>
>;
const AGENTS = { a: newKey(), b: newKey() };
const entryOf = (agent: 'a' | 'b') =>
  agentEntry({ publicKey: AGENTS[agent].publicKey, tenant: 'tnt_1', agent: `agt_${agent}` });

/** Everything that is asked on the bus. */
const SUBJECTS = [
  ...fileAt('libs/contracts/messages.ts').text.matchAll(/^ {2}'([a-z_.]+)': /gm),
].map(([, subject = '']) => subject);

/** What an app asks the bus for. */
function askedBy(app: string): string[] {
  const texts = filesBelow(`apps/${app}`).filter((file) => !isTest(file));
  const asked = texts.flatMap(({ text }) => [...text.matchAll(/\.request\(\s*'([a-z_.]+)'/g)]);
  return [...new Set(asked.map(([, subject = '']) => subject))].toSorted();
}

let stage: NatsStage;
const clients = {} as Record<Name, Client>;
let agentA: Client;
let agentB: Client;
beforeAll(async () => {
  stage = await startNatsStage(KEYS, [entryOf('a'), entryOf('b')]);
  for (const name of NATS_NAMES) clients[name] = await stage.open(KEYS[name], name);
  agentA = await stage.open(AGENTS.a, 'agt_a');
  agentB = await stage.open(AGENTS.b, 'agt_b');
});
afterAll(() => stage.dispose());

describe('the NATS server as it is deployed', () => {
  it('lets nobody in without a name, and nobody under the name of somebody else', async () => {
    await expect(stage.open(null, 'nobody')).rejects.toThrow('Authorization Violation');
    await expect(stage.open(newKey(), 'stranger')).rejects.toThrow('Authorization Violation');
  });

  const asking: [Name, string][] = [
    ['gateway', 'gateway'],
    ['commands', 'commands'],
    ['sagas', 'sagas'],
    ['connectors', 'connectors'],
    ['queries', 'queries'],
    ['owner', 'bursar'],
  ];
  it.each(asking)(
    'lets %s ask for what the code of apps/%s asks for, and no more',
    async (name, app) => {
      expect(SUBJECTS.length).toBeGreaterThan(30);
      const refused = await refusedToPublish(
        clients[name],
        SUBJECTS.map((subject) => INTERNAL + subject),
      );
      const allowed = SUBJECTS.filter((subject) => !refused.has(INTERNAL + subject));
      expect(allowed.toSorted()).toEqual(askedBy(app));
    },
  );

  it.each(asking)(
    'lets %s ask one process in particular for the same, unless it does not know them',
    async (name, app) => {
      const atOne = SUBJECTS.map((subject) => INTERNAL + addressed(subject, 'process-1'));
      const refused = await refusedToPublish(clients[name], atOne);
      const allowed = SUBJECTS.filter((_, index) => !refused.has(atOne[index] ?? ''));
      expect(allowed.toSorted()).toEqual(app === 'bursar' ? [] : askedBy(app));
    },
  );

  it('lets those who serve be seen by those who ask, and sagas by each other', async () => {
    const served = ['commands', 'connectors', 'queries'].map(
      (kind) => `${INTERNAL}members.${kind}`,
    );
    const subjects = [...served, `${INTERNAL}members.sagas`];
    for (const name of NATS_NAMES) {
      const said = await refusedToPublish(clients[name], subjects);
      const heard = await refusedToSubscribe(clients[name], subjects);
      const own = subjects.filter((subject) => subject.endsWith(`.${name}`));
      const asks = ['gateway', 'sagas', 'connectors'].includes(name) ? served : [];
      expect(
        subjects.filter((subject) => !said.has(subject)),
        name,
      ).toEqual(own);
      expect(new Set(subjects.filter((subject) => !heard.has(subject))), name).toEqual(
        new Set([...asks, ...own]),
      );
    }
  });

  const serving: [Name, string[]][] = [
    ['gateway', ['bursar.v1.> gateway']],
    ['commands', ['bursar.internal.commands.> commands']],
    ['sagas', []],
    ['connectors', ['bursar.internal.effects.> connectors']],
    ['queries', ['bursar.internal.queries.> queries']],
    ['events', []],
    ['owner', []],
  ];
  it.each(serving)('lets %s serve %s and nothing that is for others', async (name, own) => {
    const all = serving.flatMap(([, subjects]) => subjects);
    // With another queue group, or with none, it would get what others are to get, or listen in.
    const sneaky = all.flatMap((each) => {
      const [subject = ''] = each.split(' ');
      return [subject, `${subject} other`];
    });
    const wanted = [
      ...all,
      ...sneaky,
      '>',
      'bursar.>',
      'bursar.internal.>',
      '_INBOX.>',
      '_R_.>',
      '$SRV.>',
      '$JS.>',
      '$SYS.>',
    ];
    const others = NATS_NAMES.filter((each) => each !== name).flatMap((each) => [
      `_INBOX.${each}.>`,
      `$SRV.INFO.bursar-${each}`,
    ]);
    const refused = await refusedToSubscribe(clients[name], [...wanted, ...others]);
    expect(
      [...wanted, ...others].filter((each) => !refused.has(each)),
      'what it may listen to',
    ).toEqual(own);
  });

  it.each<[Name, Name, string]>([
    ['commands', 'gateway', 'commands.payment_intent.create'],
    ['commands', 'sagas', 'commands.payment_intent.tell'],
    ['commands', 'connectors', 'commands.payment_intent.tell'],
    ['commands', 'owner', 'commands.tenant.create'],
    ['queries', 'gateway', 'queries.access.identify'],
    ['queries', 'sagas', 'queries.agent.standing'],
    ['connectors', 'gateway', 'effects.processors.health'],
    ['connectors', 'sagas', 'effects.processors.call'],
  ])('lets %s answer %s about %s, and the owner find it', async (name, asking, subject) => {
    const facts = { name: `bursar-${name}`, version: '1.0.0', queue: name };
    const service = await clients[name].services.add(facts);
    service.addEndpoint('a', {
      subject: INTERNAL + subject,
      handler: (_error, message) => message.respond('{}'),
    });
    await clients[name].flush();
    expect((await clients[asking].request(INTERNAL + subject, '{}')).string()).toBe('{}');
    const found = await clients.owner.request(`$SRV.INFO.bursar-${name}`);
    expect(found.json()).toMatchObject({ name: `bursar-${name}` });
    await service.stop();
  });

  it('lets the sagas talk among themselves and keep what they share, and nobody else', async () => {
    const bucket = await clients.sagas.jetstream().views.kv('bursar_sagas', { history: 1 });
    await bucket.put('share-0.checkpoint', '{"low":7}');
    expect((await bucket.get('share-0.checkpoint'))?.string()).toBe('{"low":7}');
    const own = [
      'bursar.internal.members.sagas',
      '$KV.bursar_sagas.share-0.checkpoint',
      '$JS.API.STREAM.INFO.KV_bursar_sagas',
    ];
    const denied = [
      '$JS.API.STREAM.DELETE.KV_bursar_sagas',
      '$KV.other.key',
      '$JS.API.STREAM.LIST',
    ];
    for (const name of NATS_NAMES) {
      const refused = await refusedToPublish(clients[name], [...own, ...denied]);
      expect(refused, name).toEqual(new Set(name === 'sagas' ? denied : [...own, ...denied]));
    }
  });

  it.each(NATS_NAMES)('lets %s hear its own replies, if it asks for anything', async (name) => {
    const refused = await refusedToSubscribe(clients[name], [`_INBOX.${name}.*`]);
    expect(refused.size).toBe(['commands', 'queries'].includes(name) ? 1 : 0);
  });

  it.each(NATS_NAMES)('lets %s answer only those who may ask it', async (name) => {
    const inboxes = [...NATS_NAMES, 'agt_a'].map((each) => `_INBOX.${each}.x`);
    const wanted = [...inboxes, '_R_.x', 'bursar.v1.tnt_1.agt_a.payment_intents.create'];
    const refused = await refusedToPublish(clients[name], [...wanted, '$JS.API.INFO']);
    const serves: Record<Name, string[]> = {
      gateway: ['_INBOX.owner.x', '_R_.x'],
      commands: ['gateway', 'sagas', 'connectors', 'owner'].map((each) => `_INBOX.${each}.x`),
      sagas: [],
      connectors: ['gateway', 'sagas', 'owner'].map((each) => `_INBOX.${each}.x`),
      queries: ['gateway', 'sagas', 'connectors', 'owner'].map((each) => `_INBOX.${each}.x`),
      events: [],
      owner: [],
    };
    const allowed = wanted.filter((each) => !refused.has(each));
    expect(allowed.toSorted()).toEqual(serves[name].toSorted());
  });
});

describe('what the world is told, on NATS', () => {
  const STREAM = 'BURSAR_EVENTS';
  const EVENT = 'bursar.v1.tnt_1.events.payment_intent.created';
  const READERS = { one: newKey(), two: newKey() };
  let one: Client;
  let two: Client;
  const readAll = async (client: Client): Promise<string[]> => {
    const consumer = await client.jetstream({ apiPrefix: 'events.api' }).consumers.get(STREAM);
    const found: string[] = [];
    const messages = await consumer.consume();
    for await (const { seq, subject, info } of messages) {
      found.push(`${seq} ${subject}`);
      if (info.pending === 0) break;
    }
    await consumer.delete();
    return found;
  };
  const streamOf = (client: Client) => client.jetstreamManager({ checkAPI: false });

  beforeAll(async () => {
    const manager = await streamOf(clients.events);
    await manager.streams.add({ name: STREAM, subjects: ['bursar.v1.*.events.>'] });
    for (const lastSequence of [0, 1])
      await clients.events.jetstream().publish(EVENT, '{}', { expect: { lastSequence } });
    stage.writeReaders(
      Object.entries(READERS).map(([name, { publicKey }]) => readerEntry({ publicKey, name })),
    );
    stage.server.reload();
    one = await eventually(
      () => stage.open(READERS.one, 'one'),
      () => true,
    );
    two = await stage.open(READERS.two, 'two');
  });

  it('is published by one name only, which may do nothing else, not even delete what it published', async () => {
    const forbidden = [
      '$JS.API.STREAM.DELETE.BURSAR_EVENTS',
      '$JS.API.STREAM.PURGE.BURSAR_EVENTS',
      '$JS.API.STREAM.UPDATE.BURSAR_EVENTS',
      '$JS.API.STREAM.CREATE.OTHER',
      '$JS.API.CONSUMER.CREATE.BURSAR_EVENTS.x',
      'bursar.v1.tnt_1.agt_a.payment_intents.create',
      'bursar.internal.commands.tenant.create',
    ];
    const refused = await refusedToPublish(clients.events, [EVENT, ...forbidden]);
    expect(refused).toEqual(new Set(forbidden));
    for (const name of NATS_NAMES.filter((each) => each !== 'events'))
      expect(await refusedToPublish(clients[name], [EVENT]), name).toEqual(new Set([EVENT]));
    expect(await refusedToPublish(agentA, [EVENT])).toEqual(new Set([EVENT]));
    expect(await refusedToPublish(one, [EVENT])).toEqual(new Set([EVENT]));
  });

  it('is read from the beginning by those who may, each for itself', async () => {
    expect(await readAll(one)).toEqual([`1 ${EVENT}`, `2 ${EVENT}`, `3 ${EVENT}`]);
    expect(await readAll(two)).toHaveLength(3);
  });

  it('is kept up to where a reader came, when it wants that', async () => {
    const manager = await one.jetstreamManager({ apiPrefix: 'events.api', checkAPI: false });
    const config = { durable_name: 'reports', ack_policy: AckPolicy.Explicit };
    await manager.consumers.add(STREAM, config);
    const next = async () => {
      const js = one.jetstream({ apiPrefix: 'events.api' });
      const message = await (await js.consumers.get(STREAM, 'reports')).next();
      await message?.ackAck();
      return message?.seq;
    };
    expect([await next(), await next()]).toEqual([1, 2]);
  });

  it('is out of reach of agents, and of our own processes', async () => {
    const asked = ['events.api.STREAM.INFO.BURSAR_EVENTS', '$JS.API.STREAM.INFO.BURSAR_EVENTS'];
    for (const client of [agentA, ...NATS_NAMES.map((name) => clients[name])]) {
      const refused = await refusedToPublish(client, asked);
      expect(refused).toEqual(new Set(client === clients.events ? asked.slice(0, 1) : asked));
    }
    expect(await refusedToSubscribe(agentA, ['bursar.v1.*.events.>', EVENT])).toEqual(
      new Set(['bursar.v1.*.events.>', EVENT]),
    );
  });

  it('is not changed by a reader, and nothing else is said by one', async () => {
    const subjects = [
      'events.api.STREAM.DELETE.BURSAR_EVENTS',
      'events.api.STREAM.PURGE.BURSAR_EVENTS',
      'events.api.STREAM.MSG.DELETE.BURSAR_EVENTS',
      'events.api.STREAM.UPDATE.BURSAR_EVENTS',
    ];
    // It may say it, and nobody hears it.
    for (const subject of subjects)
      await expect(one.request(subject, '{}', { timeout: 2_000 }), subject).rejects.toMatchObject({
        code: '503',
      });
    const others = [
      EVENT,
      'bursar.v1.tnt_1.agt_a.payment_intents.create',
      '$JS.API.INFO',
      '$SYS.x',
    ];
    const internal = SUBJECTS.map((subject) => INTERNAL + subject);
    const refused = await refusedToPublish(one, [...others, ...internal]);
    expect(refused).toEqual(new Set([...others, ...internal]));
    const heard = ['>', 'bursar.>', '_INBOX.>', '_INBOX.two.>', '$JS.>', EVENT];
    expect(await refusedToSubscribe(one, heard)).toEqual(new Set(heard));

    // Nor by having the answers of JetStream sent to where they would be events.
    const create = 'events.api.CONSUMER.CREATE.BURSAR_EVENTS.trick';
    const config = { name: 'trick', deliver_subject: EVENT, ack_policy: 'none' };
    const answer = await one.request(create, JSON.stringify({ stream_name: STREAM, config }));
    expect(answer.json()).toMatchObject({ error: { code: 400 } });
    one.publish('events.api.STREAM.INFO.BURSAR_EVENTS', '', { reply: EVENT });
    await one.request('events.api.STREAM.INFO.BURSAR_EVENTS');
    const { state } = await (await streamOf(clients.events)).streams.info(STREAM);
    expect(state.last_seq).toBe(3);
  });
});

describe('an agent on NATS', () => {
  const CREATE = 'payment_intents.create';

  it('may publish on its own subjects and on no other', async () => {
    const own = [`bursar.v1.tnt_1.agt_a.${CREATE}`, 'bursar.v1.tnt_1.agt_a.authority.get'];
    const others = [
      `bursar.v1.tnt_1.agt_b.${CREATE}`,
      `bursar.v1.tnt_2.agt_a.${CREATE}`,
      `bursar.v1.tnt_1.agt_a2.${CREATE}`,
      'bursar.v1.tnt_1.agt_a',
      ...SUBJECTS.map((subject) => INTERNAL + subject),
      '_INBOX.agt_b.x',
      '_INBOX.gateway.x',
      '_R_.x',
      '$SRV.PING',
      '$JS.API.INFO',
      '$SYS.REQ.SERVER.PING',
    ];
    const refused = await refusedToPublish(agentA, [...own, ...others]);
    expect(refused).toEqual(new Set(others));
  });

  it('may listen to its own replies and to nothing else', async () => {
    const others = ['>', '*', 'bursar.>', 'bursar.v1.>', 'bursar.internal.>', '_R_.>', '$SRV.>'];
    const inboxes = ['_INBOX.>', '_INBOX.*.>', '_INBOX.agt_b.>', '_INBOX.gateway.>'];
    const own = ['bursar.v1.tnt_1.agt_a.>', 'bursar.v1.> gateway'];
    const wanted = [...others, ...inboxes, ...own];
    expect(await refusedToSubscribe(agentA, wanted)).toEqual(new Set(wanted));
    expect(await refusedToSubscribe(agentA, ['_INBOX.agt_a.>'])).toEqual(new Set());
  });

  it('reaches the gateway and gets its answer, though they are in different accounts', async () => {
    const heard: string[] = [];
    const served = clients.gateway.subscribe(`bursar.v1.*.*.${CREATE}`, {
      queue: 'gateway',
      callback: (_error, message) => {
        heard.push(message.subject);
        message.respond(`answer to ${message.string()}`);
      },
    });
    await clients.gateway.flush();
    const [a, b] = await Promise.all([
      agentA.request(`bursar.v1.tnt_1.agt_a.${CREATE}`, 'a'),
      agentB.request(`bursar.v1.tnt_1.agt_b.${CREATE}`, 'b'),
    ]);
    expect([a.string(), b.string()]).toEqual(['answer to a', 'answer to b']);
    expect(heard.toSorted()).toEqual([
      `bursar.v1.tnt_1.agt_a.${CREATE}`,
      `bursar.v1.tnt_1.agt_b.${CREATE}`,
    ]);

    // Nor can it have the answer sent to where it would be a request of somebody else.
    heard.length = 0;
    for (const reply of [`bursar.v1.tnt_1.agt_b.${CREATE}`, `${INTERNAL}commands.tenant.create`])
      agentA.publish(`bursar.v1.tnt_1.agt_a.${CREATE}`, '{}', { reply });
    await agentA.request(`bursar.v1.tnt_1.agt_a.${CREATE}`, 'last');
    await clients.gateway.flush();
    expect(new Set(heard)).toEqual(new Set([`bursar.v1.tnt_1.agt_a.${CREATE}`]));
    await served.drain();
  });

  it('whose entry has no permissions can do nothing', async () => {
    const careless = newKey();
    stage.writeAgents([entryOf('a'), entryOf('b'), `{ nkey: ${careless.publicKey} }`]);
    stage.server.reload();
    const client = await eventually(
      () => stage.open(careless, 'careless'),
      () => true,
    );
    const subject = `bursar.v1.tnt_1.agt_a.${CREATE}`;
    expect(await refusedToPublish(client, [subject])).toEqual(new Set([subject]));
    expect(await refusedToSubscribe(client, ['_INBOX.>'])).toEqual(new Set(['_INBOX.>']));
  });

  it('that is taken out of the list is cut off', async () => {
    stage.writeAgents([entryOf('a')]);
    stage.server.reload();
    await agentB.closed();
    await expect(stage.open(AGENTS.b, 'agt_b')).rejects.toThrow('Authorization Violation');
    expect(agentA.isClosed()).toBe(false);
  });
});
