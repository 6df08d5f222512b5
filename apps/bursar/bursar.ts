import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { InProcessTransport } from '#bus/in-process';
import { SagaRuntime } from '#runtime';
import { ProjectionRuntime } from '#runtime/projection';
import { HTTP_OPTIONS, configureHttp } from '../gateway/configure-http.js';
import { createHttpAdapter } from '../gateway/http.adapter.js';
import { Readiness } from '../gateway/readiness.port.js';
import { FOLLOWED_STREAMS } from '../sagas/sagas.module.js';
import { EmbeddedModule } from './embedded.module.js';
import { EmbeddedReadiness } from './embedded.readiness.js';
import { type EmbeddedResources, openEmbedded } from './embedded.resources.js';
import { type OwnerDoor, openOwnerDoor } from './owner/owner.door.js';
import { ownerSocketPath } from './owner/owner.socket.js';
import { createTenant, rebuildProjections } from './owner/owner.work.js';
import { ProcessLog } from './process-log.js';
import { type Settings, filesOf } from './settings.js';
import { FIRST_TENANT, provideTenant } from './tenant-credentials.js';

export interface Bursar {
  url: string;
  sandboxUrl: string;
  credentialsPath: string;
  /** Stops taking requests, finishes what is in flight, closes the files. */
  stop(): Promise<void>;
}

/** Starts everything in one process. @throws what `openEmbedded` throws, and the system's error when the port is taken */
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
  app.connectMicroservice({ strategy: new InProcessTransport(resources.bus) });
  await app.startAllMicroservices();
  await app.init();
  const projections = app.get(ProjectionRuntime);
  const sagas = app.get(SagaRuntime);
  const readiness = app.get<EmbeddedReadiness>(Readiness);
  projections.start();
  await sagas.start(FOLLOWED_STREAMS);
  let door: OwnerDoor | undefined;
  const stop = async () => {
    readiness.stopping();
    await door?.close();
    await app.close();
    await sagas.stop();
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
    readiness.started();
    return { url, sandboxUrl: resources.sandboxUrl, credentialsPath: credentials, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function portOf(app: NestFastifyApplication): number {
  const address = app.getHttpServer().address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}
