import { NestFactory } from '@nestjs/core';
import { InProcessBus, InProcessTransport } from '#bus/in-process';
import type { Messages } from '#contracts';
import { PROJECTIONS } from '#read-models';
import { ProjectionRuntime } from '#runtime/projection';
import { type DataFolder, openDataFolder } from '../data-folder.js';
import { filesOf } from '../settings.js';
import { OfflineModule } from './offline.module.js';
import type { OwnerWork } from './owner.port.js';
import { createTenant, rebuildProjections } from './owner.work.js';

/**
 * The owner's work on a folder that no server has open, done in this process with no more than it needs. `baseUrl`: where
 * the server will be reached.
 * @throws DataFolderLockedError, UnknownFileError
 */
export function workingOn(dataDir: string, baseUrl: string): OwnerWork {
  return {
    createTenant: (name) =>
      within(dataDir, async (folder) => {
        const bus = new InProcessBus<Messages>(folder.timers);
        const app = await NestFactory.createMicroservice(OfflineModule.over(folder), {
          strategy: new InProcessTransport(bus),
          logger: false,
          abortOnError: false,
        });
        try {
          await app.listen();
          return await createTenant(bus, dataDir, baseUrl)(name);
        } finally {
          await app.close();
        }
      }),
    rebuildProjections: (name, onProgress) =>
      within(dataDir, async ({ store, timers }) => {
        const runtime = new ProjectionRuntime({
          store,
          timers,
          databasePath: filesOf(dataDir).readModels,
          projections: PROJECTIONS,
        });
        runtime.start();
        try {
          return await rebuildProjections(runtime)(name, onProgress);
        } finally {
          await runtime.close();
        }
      }),
  };
}

async function within<T>(dataDir: string, work: (folder: DataFolder) => Promise<T>): Promise<T> {
  const folder = await openDataFolder(dataDir);
  try {
    return await work(folder);
  } finally {
    await folder.close();
  }
}
