import { InProcessTransport } from '#bus/in-process';
import { NatsUnreachableError } from '#bus/nats';
import type { Timers } from '#platform';
import { ProjectionRuntime } from '#runtime/projection';
import { Conclusions } from '../commands/conclusions.js';
import { Readiness } from '../gateway/readiness.port.js';
import { FOLLOWED_STREAMS, LogFeeds } from '../sagas/log-feeds.js';
import { ReconciliationSchedule } from '../sagas/reconciliation-schedule.js';
import { WebhookDispatch } from '../sagas/webhook-dispatch.js';
import { type OpenAgentsDoor, openAgentsDoor } from './agents-door.js';
import { EmbeddedModule } from './embedded.module.js';
import { EmbeddedReadiness } from './embedded.readiness.js';
import { type EmbeddedResources, openEmbedded } from './embedded.resources.js';
import { type EventRelay, startEventRelay } from './event-relay.js';
import { HttpDoor } from './http.door.js';
import { AgentsDoorError } from './nats.settings.js';
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

/** There is one process. */
const ALONE = { self: 'bursar', alive: () => ['bursar'], onChange: () => () => undefined };

export interface Bursar {
  url: string;
  /** Null when there is none. */
  sandboxUrl: string | null;
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
  const http = await HttpDoor.create(module, resources.random);
  const { app } = http;
  app.connectMicroservice({ strategy: new InProcessTransport(resources.bus) });
  await app.startAllMicroservices();
  await app.init();
  const projections = app.get(ProjectionRuntime);
  const sagas = app.get(LogFeeds).over(resources.sagaStore);
  const readiness = app.get<EmbeddedReadiness>(Readiness);
  projections.start();
  await sagas.start(FOLLOWED_STREAMS);
  const webhooks = app.get(WebhookDispatch);
  webhooks.start(ALONE);
  const reconciliation = app.get(ReconciliationSchedule);
  const intervalMs = settings.reconciliationMs;
  reconciliation.start(ALONE, { intervalMs, counts: resources.metrics });
  let door: OwnerDoor | undefined;
  let agentsDoor: OpenAgentsDoor | undefined;
  let relay: EventRelay | null = null;
  const stop = async () => {
    readiness.stopping();
    await door?.close();
    await answerWhatArrived(http, agentsDoor, resources.timers);
    // Before the application: it takes the sagas off the log's feed, which would count as handled what nobody hears any more.
    await sagas.stop();
    await webhooks.stop();
    await reconciliation.stop();
    await app.close();
    await relay?.stop();
    await projections.close();
    await resources.close();
  };
  try {
    const url = await http.open(settings.port, settings.host);
    await provideTenant(resources.bus, { name: FIRST_TENANT, path: credentials, baseUrl: url });
    const work = {
      createTenant: createTenant(resources.bus, dataDir, url),
      rebuildProjections: rebuildProjections(projections),
    };
    door = await openOwnerDoor(ownerSocketPath(dataDir), work, {
      random: resources.random,
      trouble,
    });
    if (settings.nats) {
      const ports = { ...resources, trouble, readModels: projections, replicas: 1 };
      agentsDoor = await openAgentsDoor(app, settings.nats, ports);
      relay = await startEventRelay(settings.nats, ports).catch((error: unknown) => {
        throw error instanceof NatsUnreachableError ? new AgentsDoorError(error) : error;
      });
    }
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
  http: HttpDoor,
  agentsDoor: OpenAgentsDoor | undefined,
  timers: Timers,
): Promise<void> {
  const conclusions = http.app.get(Conclusions);
  const cancel = timers.after(CONCLUDE_WITHIN_MS, () => conclusions.close());
  await Promise.all([http.close(ANSWER_WITHIN_MS, timers), agentsDoor?.close(ANSWER_WITHIN_MS)]);
  cancel();
}
