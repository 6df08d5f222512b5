import { NatsBus, NatsConnection } from '#bus/nats';
import type { Messages } from '#contracts';
import { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import type { NatsAccess } from '../nats.settings.js';
import { ProcessLog } from '../process-log.js';
import { createTenant } from './owner.work.js';
import type { ProvidedTenant } from './owner.port.js';

/**
 * Asks the processes of the distributed form for a tenant. `url`: where its people and agents will come in.
 * @throws OwnerRefusal, NatsUnreachableError, BusError
 */
export async function createTenantOverNats(
  name: string,
  { nats, dataDir, url }: { nats: NatsAccess; dataDir: string; url: string },
): Promise<ProvidedTenant> {
  const [clock, timers, random] = [new SystemClock(), new SystemTimers(), new SystemRandom()];
  const ports = { clock, timers, random, trouble: new ProcessLog() };
  const connection = await NatsConnection.open({ ...nats, name: 'owner' }, ports);
  try {
    return await createTenant(new NatsBus<Messages>(connection, clock), dataDir, url)(name);
  } finally {
    await connection.close();
  }
}
