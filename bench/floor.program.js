import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { Controller, Module, Param, Post, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HTTP_OPTIONS, configureHttp } from '../dist/apps/gateway/configure-http.js';
import { createHttpAdapter } from '../dist/apps/gateway/http.adapter.js';
import { jsonBody } from '../dist/apps/gateway/json-body.parser.js';
import { ProblemFilter } from '../dist/apps/gateway/problem.filter.js';
import { SqliteEventStore } from '../dist/libs/event-store/sqlite/index.js';
import { Metrics } from '../dist/libs/metrics/index.js';
import { Random } from '../dist/libs/platform/index.js';
import { SystemClock, SystemRandom, SystemTimers } from '../dist/libs/platform/system/index.js';
import { UndiciHttpClient } from '../dist/libs/platform/undici/index.js';

/**
 * The least that a payment can cost on the product's own parts: a request through its HTTP stack, a number of appends to its
 * store one after the other, a number of processor calls through its client, an answer. It judges nothing, remembers
 * nothing, and would not survive anything.
 *
 * FLOOR_FILE: the log's file. FLOOR_PROCESSORS: `{ sandbox_a, sandbox_b }`. FLOOR_EVENTS and FLOOR_EVENT_BYTES: what one
 * append holds. FLOOR_ANSWER: an answer of the product.
 */
const processors = JSON.parse(process.env.FLOOR_PROCESSORS ?? '{}');
const template = JSON.parse(process.env.FLOOR_ANSWER ?? '{}');
const eventsPerAppend = Number(process.env.FLOOR_EVENTS);
const metadata = { $correlationId: 'floor', $causationId: 'floor', schemaVersion: 1 };
const frame = JSON.stringify(metadata).length + '{"text":""}'.length;
const text = 'x'.repeat(Math.max(0, Number(process.env.FLOOR_EVENT_BYTES) - frame));

const [clock, timers, random] = [new SystemClock(), new SystemTimers(), new SystemRandom()];
const store = await SqliteEventStore.open({ path: process.env.FLOOR_FILE ?? '', clock, timers });
const http = new UndiciHttpClient();

const app = await NestFactory.create(floorModule(), createHttpAdapter(random), {
  ...HTTP_OPTIONS,
  logger: ['error', 'warn'],
});
configureHttp(app);
await app.listen(0, '127.0.0.1');
console.log(`Floor ${await app.getUrl()}`);
process.once('SIGTERM', async () => {
  await app.close();
  await store.close();
  await http.close();
});

function floorModule() {
  class FloorController {
    async pay(request, params, reply) {
      const payment = jsonBody(request);
      const id = randomUUID();
      const steps = alternate(Number(params.commits), callsOf(Number(params.calls), id, payment));
      const stream = `payment_intent-${id}`;
      let revision = 'no_stream';
      let charge;
      for (const call of steps) {
        if (call) charge = await call(charge);
        else revision = (await store.append(stream, revision, newEvents())).lastRevision;
      }
      const answer = { ...template, id: `pi_${id}`, order_reference: payment.order_reference };
      void reply
        .status(201)
        .header('content-type', 'application/json')
        .send(Buffer.from(JSON.stringify(answer)));
    }
  }
  // A decorator is a function; this package has no compiler that writes it with an @.
  const { prototype } = FloorController;
  Post('floor/:commits/:calls')(
    prototype,
    'pay',
    Object.getOwnPropertyDescriptor(prototype, 'pay'),
  );
  Req()(prototype, 'pay', 0);
  Param()(prototype, 'pay', 1);
  Res()(prototype, 'pay', 2);
  Controller()(FloorController);

  class FloorModule {}
  const trouble = { report: (message, error) => console.error(message, error) };
  Module({
    controllers: [FloorController],
    providers: [
      { provide: Random, useValue: random },
      { provide: Metrics, useValue: new Metrics() },
      { provide: ProblemFilter, useValue: new ProblemFilter(trouble) },
    ],
  })(FloorModule);
  return FloorModule;
}

/** A commit (undefined) before, between and after the calls: the first is the intent, the last the outcome. */
function alternate(commits, calls) {
  const steps = [];
  let done = 0;
  for (const [index, call] of calls.entries()) {
    const due = Math.ceil(((index + 1) * commits) / (calls.length + 1));
    for (; done < due; done += 1) steps.push(undefined);
    steps.push(call);
  }
  for (; done < commits; done += 1) steps.push(undefined);
  return steps;
}

/** Two calls: authorize and capture. Three: create, confirm, capture. More: look-ups besides. */
function callsOf(count, id, { amount, currency, payment_method }) {
  const opening = { amount, currency, payment_method, merchant_reference: id };
  const open = (url) => async () => `${url}/${(await post(url, `${id}.open`, opening)).id}`;
  const act = (action, body) => async (charge) => {
    await post(`${charge}/${action}`, `${id}.${action}`, body);
    return charge;
  };
  const capture = act('capture', { amount });
  if (count <= 2) return [open(`${processors.sandbox_b}/v1/authorizations`), capture];
  const lookUp = async (charge) => {
    await call('GET', charge);
    return charge;
  };
  const lookUps = Array.from({ length: count - 3 }, () => lookUp);
  return [open(`${processors.sandbox_a}/v1/charges`), act('confirm', {}), ...lookUps, capture];
}

function post(url, key, body) {
  const headers = { 'content-type': 'application/json', 'idempotency-key': key };
  return call('POST', url, { headers, body: JSON.stringify(body) });
}

async function call(method, url, rest) {
  const { status, body } = await http.request({ method, url, ...rest });
  if (status >= 300) throw new Error(`${method} ${url}: ${status} ${body}`);
  return JSON.parse(body);
}

function newEvents() {
  return Array.from({ length: eventsPerAppend }, () => ({
    id: randomUUID(),
    type: 'Floor',
    data: { text },
    metadata,
  }));
}
