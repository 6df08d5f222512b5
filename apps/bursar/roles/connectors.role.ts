import { NestFactory } from '@nestjs/core';
import { Bus } from '#bus';
import { FraudScreen } from '#fraud';
import { RulesFraudProvider } from '#fraud/rules';
import { Clock, Timers, Trouble } from '#platform';
import { NoticeReaders, ProcessorRegistry } from '#processors';
import { RateBoard } from '#rates';
import { ReservationDesk } from '#reservations';
import { WebhookSender } from '#webhooks';
import { Vault } from '#vault';
import { ConnectorsModule } from '../../connectors/connectors.module.js';
import { ProcessorNotices } from '../../connectors/processor-notices.js';
import { Tokenization } from '../../connectors/tokenization.js';
import { openCardsDoor } from '../cards/cards.door.js';
import { FRAUD_LIMITS } from '../fraud-limits.js';
import { openOutside } from '../outside.js';
import { vaultOfRole } from '../vault.settings.js';
import { Closers } from './closers.js';
import { startHealthServer } from './health.server.js';
import {
  NEST_OPTIONS,
  type RoleHost,
  type RunningRole,
  openBus,
  serveOthers,
} from './role.host.js';
import { RoleModule, RolePorts } from './role.module.js';
import type { RoleSettings } from './role.settings.js';

/** Performs effects: the only one that calls anybody outside. */
export async function runConnectors(host: RoleHost, settings: RoleSettings): Promise<RunningRole> {
  const { clock, timers, trouble } = host;
  const closers = new Closers();
  try {
    const outside = await openOutside(settings.sandboxUrl, settings);
    closers.add(() => outside.close());
    const { vault, open, close } = vaultOfRole(settings.vault, settings.dataDir);
    closers.add(close);
    await open();
    const fraud = new FraudScreen(new RulesFraudProvider(), timers, FRAUD_LIMITS);
    const ports = RolePorts.of([
      [Bus, openBus(host)],
      [Clock, clock],
      [Timers, timers],
      [Trouble, trouble],
      [ProcessorRegistry, outside.registry],
      [NoticeReaders, outside.noticeReaders],
      [Vault, vault],
      [ReservationDesk, outside.reservations],
      [FraudScreen, fraud],
      [WebhookSender, outside.webhooks],
      [RateBoard, outside.rates],
    ]);
    const others = serveOthers(host, 'Effects: what is asked of those outside.');
    const app = await NestFactory.createMicroservice(RoleModule.of(ports, ConnectorsModule), {
      ...NEST_OPTIONS,
      strategy: others.strategy,
    });
    closers.add(() => others.leave());
    closers.add(() => app.close());
    await app.listen();
    const { host: address, cardsDoor } = settings;
    if (cardsDoor) {
      const door = { ...cardsDoor, host: address };
      const behind = {
        tokenization: app.get(Tokenization),
        notices: app.get(ProcessorNotices),
      };
      const opened = await openCardsDoor(behind, door, trouble);
      closers.add(() => opened.close());
    }
    await others.join();
    const health = await startHealthServer(settings, host);
    closers.add(() => health.close());
    return { url: health.url, stop: () => closers.close() };
  } catch (error) {
    await closers.close();
    throw error;
  }
}
