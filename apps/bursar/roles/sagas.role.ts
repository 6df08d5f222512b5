import { NestFactory } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import { Bus } from '#bus';
import { NatsKeyValueStore, NatsMembers } from '#bus/nats';
import { EventStore } from '#event-store';
import { Clock, Timers, Trouble } from '#platform';
import { CedarPolicyEngine, PolicyEngine, defaultBundleSource } from '#policy';
import {
  type FollowedPartition,
  LogFirstPublisher,
  SagaPartitions,
  type SagaPartition,
  SharedSagaStore,
} from '#runtime';
import { ApprovalTime } from '../../sagas/approval-time.js';
import { LogFeeds } from '../../sagas/log-feeds.js';
import { SAGA_PARTITIONS } from '../../sagas/saga-partitions.js';
import { SagasModule } from '../../sagas/sagas.module.js';
import { Sender } from '../../sagas/sender.js';
import { ReconciliationSchedule } from '../../sagas/reconciliation-schedule.js';
import { WebhookDispatch } from '../../sagas/webhook-dispatch.js';
import { Closers } from './closers.js';
import { startHealthServer } from './health.server.js';
import { NEST_OPTIONS, type RoleHost, type RunningRole, openBus, openLog } from './role.host.js';
import { RoleModule, RolePorts } from './role.module.js';
import type { RoleSettings } from './role.settings.js';

/** What the shares of the sagas are remembered in. */
const BUCKET = 'bursar_sagas';

/** Follows the log, together with the others of its kind. */
export async function runSagas(host: RoleHost, settings: RoleSettings): Promise<RunningRole> {
  const { clock, timers, random, trouble, connection } = host;
  const closers = new Closers();
  try {
    const store = openLog(host, settings);
    closers.add(() => store.close());
    const self = random.uuid();
    const ports = RolePorts.of([
      [Bus, openBus(host)],
      [EventStore, store],
      [Clock, clock],
      [Timers, timers],
      [Trouble, trouble],
      [PolicyEngine, CedarPolicyEngine.load(defaultBundleSource())],
      [ApprovalTime, new ApprovalTime(settings.approvalMs)],
      [Sender, new Sender(self)],
    ]);
    const cqrs = CqrsModule.forRoot({ eventPublisher: new LogFirstPublisher() });
    const module = RoleModule.of(cqrs, ports, SagasModule);
    const app = await NestFactory.createApplicationContext(module, NEST_OPTIONS);
    closers.add(() => app.close());
    const members = await NatsMembers.join(connection, host, { kind: 'sagas', self });
    const values = new NatsKeyValueStore(connection, BUCKET, settings.natsReplicas);
    const feeds = app.get(LogFeeds);
    const partitions = new SagaPartitions(SAGA_PARTITIONS, {
      members,
      timers,
      follow: (partition) => follow(partition, { feeds, values, store, trouble }),
      onTrouble: (message, error) => trouble.report(message, error),
    });
    partitions.start();
    // Before the application: it takes the sagas off the feeds, which would count as handled what nobody hears any more.
    closers.add(() => partitions.stop());
    const webhooks = app.get(WebhookDispatch);
    webhooks.start(members);
    closers.add(() => webhooks.stop());
    const reconciliation = app.get(ReconciliationSchedule);
    const intervalMs = settings.reconciliationMs;
    reconciliation.start(members, { intervalMs, counts: host.metrics });
    closers.add(() => reconciliation.stop());
    // Others begin with what is given up at once.
    closers.add(() => members.leave());
    const health = await startHealthServer(settings, host);
    closers.add(() => health.close());
    return { url: health.url, stop: () => closers.close() };
  } catch (error) {
    await closers.close();
    throw error;
  }
}

interface Following {
  feeds: LogFeeds;
  values: NatsKeyValueStore;
  store: EventStore;
  trouble: Trouble;
}

async function follow(
  { name, streamPrefixes }: SagaPartition,
  { feeds, values, store, trouble }: Following,
): Promise<FollowedPartition> {
  const remembered = await SharedSagaStore.open(values, name, store, (error) =>
    trouble.report(`how far ${name} came could not be stored`, error),
  );
  const runtime = feeds.over(remembered);
  await runtime.start({ streamPrefixes });
  return {
    get open() {
      return runtime.open;
    },
    stop: async () => {
      await runtime.stop();
      await remembered.close();
    },
  };
}
