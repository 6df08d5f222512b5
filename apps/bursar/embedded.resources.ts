import { existsSync } from 'node:fs';
import { InProcessBus } from '#bus/in-process';
import type { Messages } from '#contracts';
import type { EventStore } from '#event-store';
import type { Metrics } from '#metrics';
import type { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import type { NoticeReaders, ProcessorRegistry } from '#processors';
import type { ReservationDesk } from '#reservations';
import type { RateBoard } from '#rates';
import type { WebhookSender } from '#webhooks';
import type { Vault } from '#vault';
import { SqliteSagaStore, SqliteSnapshotStore } from '#runtime';
import { doublesOptions } from '../sandbox/doubles.js';
import { startSandbox } from '../sandbox/sandbox.js';
import type { InstanceKeys } from '../commands/instance-keys.js';
import { PurchaseWindow } from '../commands/purchase-window.js';
import { QuoteTerms } from '../commands/quote-terms.js';
import { ApprovalTime } from '../sagas/approval-time.js';
import { type DataFolder, openDataFolder } from './data-folder.js';
import { openOutside } from './outside.js';
import { type Settings, filesOf } from './settings.js';
import { vaultFilesOf, vaultOver } from './vault.settings.js';

/** Everything of the embedded form that is opened before the application and closed after it. */
export interface EmbeddedResources {
  readonly clock: SystemClock;
  readonly timers: SystemTimers;
  readonly random: SystemRandom;
  readonly bus: InProcessBus<Messages>;
  readonly store: EventStore;
  readonly sagaStore: SqliteSagaStore;
  readonly snapshotStore: SqliteSnapshotStore;
  readonly registry: ProcessorRegistry;
  readonly noticeReaders: NoticeReaders;
  readonly reservations: ReservationDesk;
  readonly webhooks: WebhookSender;
  readonly rates: RateBoard;
  readonly quoteTerms: QuoteTerms;
  readonly keys: InstanceKeys;
  readonly vault: Vault;
  readonly metrics: Metrics;
  readonly purchaseWindow: PurchaseWindow;
  readonly approvalTime: ApprovalTime;
  /** Null when there is none. */
  readonly sandboxUrl: string | null;
  close(): Promise<void>;
}

/**
 * Opens the data folder and everything on it, in order; what was opened is closed again when a later step fails.
 * @throws DataFolderLockedError, UnknownFileError, VaultKeyError, InvalidSettingsError, and the system's error when a port is taken
 */
export async function openEmbedded(settings: Settings): Promise<EmbeddedResources> {
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const step of closers.splice(0).reverse()) await step();
  };
  try {
    const folder = await openDataFolder(settings.dataDir);
    closers.push(() => folder.close());
    return await open(settings, folder, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  settings: Settings,
  { clock, timers, random, store, keys, metrics }: DataFolder,
  closers: (() => unknown)[],
  close: () => Promise<void>,
): Promise<EmbeddedResources> {
  const files = filesOf(settings.dataDir);
  const sagaStore = new SqliteSagaStore(files.sagas);
  closers.push(() => sagaStore.close());
  const snapshotStore = new SqliteSnapshotStore(files.snapshots);
  closers.push(() => snapshotStore.close());
  const vaultFiles = vaultFilesOf(settings.vault, settings.dataDir);
  const vault = vaultOver(vaultFiles);
  closers.push(() => vault.close());
  // One that is there must open; none is made before the first card comes.
  if (existsSync(vaultFiles.path)) await vault.open();
  const sandbox = await sandboxOf(settings);
  closers.push(() => sandbox.stop());
  const outside = await openOutside(sandbox.url, settings);
  closers.push(() => outside.close());
  const bus = new InProcessBus<Messages>(timers);
  return {
    clock,
    timers,
    random,
    bus,
    store,
    sagaStore,
    snapshotStore,
    registry: outside.registry,
    noticeReaders: outside.noticeReaders,
    reservations: outside.reservations,
    webhooks: outside.webhooks,
    rates: outside.rates,
    quoteTerms: new QuoteTerms(settings.quoteMs),
    keys,
    vault,
    metrics,
    approvalTime: new ApprovalTime(settings.approvalMs),
    purchaseWindow: new PurchaseWindow(settings.duplicateWindowMs),
    sandboxUrl: sandbox.url,
    close,
  };
}

async function sandboxOf({
  sandbox,
  host,
  port,
  processors: { doubles },
}: Settings): Promise<{ url: string | null; stop: () => Promise<void> }> {
  if (sandbox === null || 'url' in sandbox)
    return { url: sandbox?.url ?? null, stop: () => Promise.resolve() };
  return startSandbox({ ...sandbox, host, ...doublesOptions(doubles, addressOf(host, port)) });
}

/** Where this machine reaches what listens on `host`. */
function addressOf(host: string, port: number): string {
  const reached = ['0.0.0.0', '::', ''].includes(host) ? '127.0.0.1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}
