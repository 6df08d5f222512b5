import { NestFactory } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStore } from '#event-store';
import { Clock, Timers } from '#platform';
import { ActorCounts, LogFirstPublisher, SnapshotStore, SqliteSnapshotStore } from '#runtime';
import { lockDataFolder } from '#sqlite';
import { CommandsModule } from '../../commands/commands.module.js';
import { Conclusions } from '../../commands/conclusions.js';
import { ConclusionsFeed } from '../../commands/conclusions.feed.js';
import { InstanceKeys } from '../../commands/instance-keys.js';
import { PurchaseWindow } from '../../commands/purchase-window.js';
import { QuoteTerms } from '../../commands/quote-terms.js';
import { readInstanceSecret } from '../instance-secret.js';
import { InvalidSettingsError, filesOf } from '../settings.js';
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

/** How long callers may wait for a conclusion once the process is told to end. */
const CONCLUDE_WITHIN_MS = 2_000;

/** The write side: the only one that appends. */
export async function runCommands(host: RoleHost, settings: RoleSettings): Promise<RunningRole> {
  const { clock, timers } = host;
  const closers = new Closers();
  try {
    const keys = new InstanceKeys(instanceSecret(settings));
    const lock = lockDataFolder(settings.dataDir);
    closers.add(() => lock.release());
    const snapshots = new SqliteSnapshotStore(filesOf(settings.dataDir).snapshots);
    closers.add(() => snapshots.close());
    const store = openLog(host, settings);
    closers.add(() => store.close());
    const ports = RolePorts.of([
      [EventStore, store],
      [SnapshotStore, snapshots],
      [ActorCounts, host.metrics],
      [Clock, clock],
      [Timers, timers],
      [InstanceKeys, keys],
      [PurchaseWindow, new PurchaseWindow(settings.duplicateWindowMs)],
      [QuoteTerms, new QuoteTerms(settings.quoteMs)],
    ]);
    const cqrs = CqrsModule.forRoot({ eventPublisher: new LogFirstPublisher() });
    const others = serveOthers(host, 'Commands: what is decided and appended.');
    const app = await NestFactory.createMicroservice(RoleModule.of(cqrs, ports, CommandsModule), {
      ...NEST_OPTIONS,
      strategy: others.strategy,
    });
    const conclusions = app.get(Conclusions);
    const feed = app.get(ConclusionsFeed);
    feed.start();
    closers.add(() => feed.stop());
    closers.add(() => others.leave());
    closers.add(() => app.close());
    await app.listen();
    await others.join();
    const health = await startHealthServer(settings, host);
    closers.add(() => health.close());
    const stop = async () => {
      timers.after(CONCLUDE_WITHIN_MS, () => conclusions.close());
      await closers.close();
    };
    return { url: health.url, stop };
  } catch (error) {
    await closers.close();
    throw error;
  }
}

/** All processes of the write side must have the same one: nobody makes it by the way. */
function instanceSecret({ instanceSecretFile: path }: RoleSettings): Buffer {
  const secret = readInstanceSecret(path);
  if (secret) return secret;
  throw new InvalidSettingsError([`BURSAR_INSTANCE_SECRET_FILE: there is no ${path}`]);
}
