import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { REPOSITORY, startProgram } from './child.process.js';
import { request } from './http.connection.js';
import { refuseMemory } from './machine.js';

const PROCESSORS = ['sandbox_a', 'sandbox_b'];
/** More than any run spends. */
const WIDE = { lifetime: { USD: Number.MAX_SAFE_INTEGER } };

/**
 * The sandbox and Bursar, each in a process of its own, with an agent and a wide mandate; data in a new folder below `folder`.
 * @param {{ folder?: string, nodeOptionsOf?: (data: string) => string[] }} options what Node is told for Bursar
 */
export async function setStage({ folder = join(REPOSITORY, 'data'), nodeOptionsOf } = {}) {
  mkdirSync(folder, { recursive: true });
  refuseMemory(folder);
  const data = mkdtempSync(join(resolve(folder), 'bench-'));
  const children = [];
  const start = async (...program) => {
    const child = await startProgram(...program);
    children.push(child);
    return child;
  };
  let striking;
  const endAll = async () => {
    for (const child of children.toReversed()) await child.end();
    rmSync(data, { recursive: true, force: true });
  };
  const strike = () => (striking ??= endAll());
  const stopOnSignal = () => void strike().then(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stopOnSignal);
  try {
    const sandbox = await startSandbox(start);
    const bursar = await startBursar(start, { data, sandbox, nodeOptions: nodeOptionsOf?.(data) });
    return { data, sandbox, bursar, start, strike };
  } catch (error) {
    await strike();
    throw error;
  }
}

async function startSandbox(start) {
  const child = await start(['dist/apps/sandbox/main.js'], {
    env: { BURSAR_SANDBOX_PORT: '0' },
    ready: /at (http:\/\/[^\s/]+)[\s/]/,
  });
  const { processors } = JSON.parse(await request(`${child.found}/processors`, 'GET'));
  return {
    ...child,
    url: child.found,
    /** @type {Record<string, string>} */
    processors: Object.fromEntries(processors.map(({ name, url }) => [name, url])),
    /** @param {number} latencyMs added to every call */
    setLatency: async (latencyMs) => {
      const json = { mode: 'none', latency_ms: latencyMs };
      for (const name of PROCESSORS) {
        await request(`${child.found}/processors/${name}/faults`, 'PUT', { json });
      }
    },
  };
}

async function startBursar(start, { data, sandbox, nodeOptions }) {
  const child = await start(['dist/apps/bursar/main.js'], {
    env: { BURSAR_PORT: '0', BURSAR_DATA_DIR: data, BURSAR_SANDBOX_URL: sandbox.url },
    ready: /Bursar +(http:\S+)\n/,
    nodeOptions,
  });
  const { operator } = JSON.parse(readFileSync(join(data, 'credentials.json'), 'utf8'));
  const make = async (path, json) => {
    const headers = { 'idempotency-key': randomUUID() };
    const { key } = operator;
    return JSON.parse(await request(`${child.found}${path}`, 'POST', { key, headers, json }));
  };
  const agent = await make('/v1/agents', { name: 'bench' });
  await make('/v1/mandates', { agent: agent.id, limits: WIDE, velocity: { default: false } });
  return {
    ...child,
    url: child.found,
    pay: paying('/v1/payment_intents', agent.key),
    counters: async () => countersIn(await request(`${child.found}/metrics`, 'GET')),
  };
}

/**
 * The floors: a server that spends the given commits and calls on each payment and does nothing else.
 * @param {Awaited<ReturnType<typeof setStage>>} stage
 * @param {{ eventsPerAppend: number, bytesPerEvent: number, answer: string }} size as the product's were
 */
export async function startFloor({ data, sandbox, start }, size) {
  const child = await start(['bench/floor.program.js'], {
    env: {
      FLOOR_FILE: join(data, 'floor.db'),
      FLOOR_PROCESSORS: JSON.stringify(sandbox.processors),
      FLOOR_EVENTS: String(size.eventsPerAppend),
      FLOOR_EVENT_BYTES: String(size.bytesPerEvent),
      FLOOR_ANSWER: size.answer,
    },
    ready: /Floor (http:\S+)\n/,
  });
  return {
    ...child,
    url: child.found,
    /** @param {{ commits: number, calls: number }} plan per payment */
    paying: ({ commits, calls }) => paying(`/floor/${commits}/${calls}`),
  };
}

/** A new purchase with every call; resolves with the answer, which must be a concluded success. */
function paying(path, key) {
  const identity = key === undefined ? {} : { authorization: `Bearer ${key}` };
  return async (connection) => {
    const id = randomUUID();
    const { status, body } = await connection.send(
      'POST',
      path,
      { ...identity, 'idempotency-key': id },
      {
        amount: 4200,
        currency: 'USD',
        payee: { id: 'acme-books', name: 'Acme Books', mcc: '5942', country: 'US' },
        payment_method: 'pm_sandbox_visa',
        order_reference: `PO-${id}`,
        purpose: 'team training material',
      },
    );
    if (status !== 201 || !body.includes('"status":"succeeded"')) {
      throw new Error(`a payment was answered with ${status}: ${body}`);
    }
    return body;
  };
}

/** Counters without labels, and the sum of those with. */
function countersIn(text) {
  const value = (name) =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))].reduce(
      (sum, [, number]) => sum + Number(number),
      0,
    );
  return {
    payments: value('bursar_payments_total'),
    commits: value('bursar_log_commits_total'),
    appends: value('bursar_log_appends_total'),
    events: value('bursar_log_events_total'),
    characters: value('bursar_log_characters_total'),
  };
}
