import type { Bus } from '#bus';
import type { Messages } from '#contracts';
import { PROJECTIONS } from '#read-models';
import type { ProjectionRuntime, RebuiltProjection } from '#runtime/projection';
import { credentialsPath, provideTenant } from '../tenant-credentials.js';
import { OwnerRefusal, type OwnerWork, type ProvidedTenant } from './owner.port.js';

/** A part of a file's name, so nothing that a file system could read differently. */
const TENANT_NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** A new or known tenant. `baseUrl`: where the server is reached. @throws OwnerRefusal */
export function createTenant(
  bus: Bus<Messages>,
  dataDir: string,
  baseUrl: string,
): OwnerWork['createTenant'] {
  return async (name): Promise<ProvidedTenant> => {
    if (!TENANT_NAME.test(name))
      throw new OwnerRefusal(
        'validation_failed',
        'A tenant is named with 1 to 64 of a-z, 0-9 and hyphens, which neither begin nor end it.',
      );
    const path = credentialsPath(dataDir, name);
    return { path, credentials: await provideTenant(bus, { name, path, baseUrl }) };
  };
}

/** @throws OwnerRefusal */
export function rebuildProjections(runtime: ProjectionRuntime): OwnerWork['rebuildProjections'] {
  return async (projection, onProgress): Promise<RebuiltProjection[]> => {
    const names = PROJECTIONS.map(({ name }) => name);
    if (projection !== null && !names.includes(projection))
      throw new OwnerRefusal(
        'not_found',
        `There is no such projection; there are ${names.join(', ')}.`,
      );
    return runtime.rebuild(projection ?? undefined, (position, head) =>
      onProgress({ projection, position, head }),
    );
  };
}
