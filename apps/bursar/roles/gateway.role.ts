import { Bus } from '#bus';
import { Metrics } from '#metrics';
import { Clock, Random, Timers, Trouble } from '#platform';
import { CardRoad } from '../../gateway/card-road.port.js';
import { GatewayModule } from '../../gateway/gateway.module.js';
import { NoticeRoad } from '../../gateway/notice-road.port.js';
import { AgentsDoor } from '../../gateway/nats/agents.door.js';
import { Readiness } from '../../gateway/readiness.port.js';
import { ClosedCardRoad, ClosedNoticeRoad } from '../cards/roads.js';
import { TlsCardRoad, TlsNoticeRoad, TlsRoad } from '../cards/tls.roads.js';
import { HttpDoor } from '../http.door.js';
import { ANSWER_WITHIN_MS, type RoleHost, type RunningRole, openBus } from './role.host.js';
import { RoleModule, RolePorts } from './role.module.js';
import type { RoleSettings } from './role.settings.js';

/** The edge: HTTP and NATS in, the bus out. */
export async function runGateway(host: RoleHost, settings: RoleSettings): Promise<RunningRole> {
  const { clock, timers, random, trouble, metrics, readiness, connection } = host;
  const road = settings.cardsRoad && new TlsRoad(settings.cardsRoad);
  const ports = RolePorts.of([
    [CardRoad, road ? new TlsCardRoad(road) : new ClosedCardRoad()],
    [NoticeRoad, road ? new TlsNoticeRoad(road) : new ClosedNoticeRoad()],
    [Bus, openBus(host)],
    [Clock, clock],
    [Timers, timers],
    [Random, random],
    [Trouble, trouble],
    [Metrics, metrics],
    [Readiness, readiness],
  ]);
  const http = await HttpDoor.create(RoleModule.of(ports, GatewayModule), random);
  const door = http.app.get(AgentsDoor);
  const stop = async () => {
    await Promise.all([http.close(ANSWER_WITHIN_MS, timers), door.close(ANSWER_WITHIN_MS)]);
    await http.app.close();
    road?.close();
  };
  try {
    const { allowAnonymous } = settings.nats;
    await http.app.init();
    await door.open(connection, { allowAnonymous });
    return { url: await http.open(settings.port, settings.host), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
