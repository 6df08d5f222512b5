import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { InProcessTransport } from '#bus/in-process';
import type { Timers } from '#platform';
import { ProjectionRuntime } from '#runtime/projection';
import { Conclusions } from '../commands/conclusions.js';
import { HTTP_OPTIONS, configureHttp } from '../gateway/configure-http.js';
import { createHttpAdapter } from '../gateway/http.adapter.js';
import { Readiness } from '../gateway/readiness.port.js';
import { FOLLOWED_STREAMS, LogFeeds } from '../sagas/log-feeds.js';
import { type OpenAgentsDoor, openAgentsDoor } from './agents-door.js';
import { EmbeddedModule } from './embedded.module.js';
import { EmbeddedReadiness } from './embedded.readiness.js';
import { type EmbeddedResources, openEmbedded } from './embedded.resources.js';
import { type OwnerDoor, openOwnerDoor } from './owner/owner.door.js';
import { ownerSocketPath } from './owner/owner.socket.js';
import { createTenant, rebuildProjections } from './owner/owner.work.js';
import { ProcessLog } from './process-log.js';
import { type Settings, filesOf } from './settings.js';
import { FIRST_TENANT, provideTenant } from './tenant-credentials.js';

/** How long requests may wait for their payment's conclusion once the process is told to end; then they are told to look again. */
const CONCLUDE_WITHIN_MS = 2_000;
/** A connection that has no answer by then, or has not sent its whole request, is cut. */
const ANSWER_WITHIN_MS = 4_000;

export interface Bursar {
  url: string;
  sandboxUrl: string;
  credentialsPath: string;
  /** `host:port` of the NATS servers where agents come in; empty without. */
  natsServers: string;
  /** Resolves with why it cannot do any more what it is there for, and should be stopped. */
  broken: Promise<Error>;
  /**
   * Stops taking connections, answers every request that arrived, within 4 s, and closes the files. A payment that is still
   * under way then goes on with the next start.
   */
  stop(): Promise<void>;
}

/**
 * Starts everything in one process.
 * @throws what `openEmbedded` and `openAgentsDoor` throw, and the system's error when the port is taken
 */
export async function startBursar(settings: Settings): Promise<Bursar> {
  const resources = await openEmbedded(settings);
  try {
    return await serve(settings, resources);
  } catch (error) {
    await resources.close();
    throw error;
  }
}

async function serve(settings: Settings, resources: EmbeddedResources): Promise<Bursar> {
  const { dataDir } = settings;
  const { readModels, credentials } = filesOf(dataDir);
  const trouble = new ProcessLog();
  const module = EmbeddedModule.over(resources, readModels, trouble);
  const adapter = createHttpAdapter(resources.random);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    ...HTTP_OPTIONS,
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  configureHttp(app);
  let stopping = false;
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onSend', (_request, reply, _payload, done) => {
      // A connection kept for the next request would hold up the end.
      if (stopping) void reply.header('connection', 'close');
      done();
    });
  app.connectMicroservice({ strategy: new InProcessTransport(resources.bus) });
  await app.startAllMicroservices();
  await app.init();
  const projections = app.get(ProjectionRuntime);
  const sagas = app.get(LogFeeds).over(resources.sagaStore);
  const readiness = app.get<EmbeddedReadiness>(Readiness);
  projections.start();
  await sagas.start(FOLLOWED_STREAMS);
  let door: OwnerDoor | undefined;
  let agentsDoor: OpenAgentsDoor | undefined;
  const stop = async () => {
    stopping = true;
    readiness.stopping();
    await door?.close();
    await answerWhatArrived(app, agentsDoor, resources.timers);
    // Before the application: it takes the sagas off the log's feed, which would count as handled what nobody hears any more.
    await sagas.stop();
    await app.close();
    await projections.close();
    await resources.close();
  };
  try {
    await app.listen(settings.port, settings.host);
    const url = `http://${settings.host}:${portOf(app)}`;
    await provideTenant(resources.bus, { name: FIRST_TENANT, path: credentials, baseUrl: url });
    const work = {
      createTenant: createTenant(resources.bus, dataDir, url),
      rebuildProjections: rebuildProjections(projections),
    };
    door = await openOwnerDoor(ownerSocketPath(dataDir), work, {
      random: resources.random,
      trouble,
    });
    if (settings.nats)
      agentsDoor = await openAgentsDoor(app, settings.nats, { ...resources, trouble });
    readiness.started();
    return {
      url,
      sandboxUrl: resources.sandboxUrl,
      credentialsPath: credentials,
      natsServers: agentsDoor?.servers ?? '',
      broken: agentsDoor?.broken ?? new Promise(() => {}),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The sagas go on meanwhile: most requests are answered with their payment's conclusion. */
async function answerWhatArrived(
  app: NestFastifyApplication,
  agentsDoor: OpenAgentsDoor | undefined,
  timers: Timers,
): Promise<void> {
  const conclusions = app.get(Conclusions);
  const cancels = [
    timers.after(CONCLUDE_WITHIN_MS, () => conclusions.close()),
    timers.after(ANSWER_WITHIN_MS, () => app.getHttpServer().closeAllConnections()),
  ];
  await Promise.all([app.getHttpAdapter().close(), agentsDoor?.close(ANSWER_WITHIN_MS)]);
  for (const cancel of cancels) cancel();
}

function portOf(app: NestFastifyApplication): number {
  const address = app.getHttpServer().address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}
