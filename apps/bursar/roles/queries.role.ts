import { NestFactory } from '@nestjs/core';
import { EventStore } from '#event-store';
import { Clock, Timers, Trouble } from '#platform';
import { ProjectionRuntime } from '#runtime/projection';
import { lockDataFolder } from '#sqlite';
import { QueriesModule } from '../../queries/queries.module.js';
import { startEventRelay } from '../event-relay.js';
import { filesOf } from '../settings.js';
import { Closers } from './closers.js';
import { startHealthServer } from './health.server.js';
import {
  NEST_OPTIONS,
  type RoleHost,
  type RunningRole,
  openLog,
  serveOthers,
} from './role.host.js';
import { RoleModule, RolePorts } from './role.module.js';
import type { RoleSettings } from './role.settings.js';

/** Answers questions, from read models of its own. */
export async function runQueries(host: RoleHost, settings: RoleSettings): Promise<RunningRole> {
  const { clock, timers, trouble } = host;
  const closers = new Closers();
  try {
    const lock = lockDataFolder(settings.dataDir);
    closers.add(() => lock.release());
    const store = openLog(host, settings);
    closers.add(() => store.close());
    const ports = RolePorts.of([
      [EventStore, store],
      [Clock, clock],
      [Timers, timers],
      [Trouble, trouble],
    ]);
    const { readModels } = filesOf(settings.dataDir);
    const module = RoleModule.of(ports, QueriesModule.with(ports, readModels));
    const others = serveOthers(host, 'Queries: what the log says.');
    const app = await NestFactory.createMicroservice(module, {
      ...NEST_OPTIONS,
      strategy: others.strategy,
    });
    const projections = app.get(ProjectionRuntime);
    closers.add(() => projections.close());
    closers.add(() => others.leave());
    closers.add(() => app.close());
    const health = await startHealthServer(settings, host);
    closers.add(() => health.close());
    projections.start();
    // Whoever asked before would wait for it, and give up.
    await projections.caughtUpTo(await store.headPosition());
    await app.listen();
    await others.join();
    const relay = await startEventRelay(settings.nats, {
      ...host,
      ...{ store, readModels: projections, replicas: settings.natsReplicas },
    });
    closers.add(() => relay?.stop());
    return { url: health.url, stop: () => closers.close() };
  } catch (error) {
    await closers.close();
    throw error;
  }
}
