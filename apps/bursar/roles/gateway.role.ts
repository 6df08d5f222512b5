import { Bus } from '#bus';
import { Metrics } from '#metrics';
import { Clock, Random, Timers, Trouble } from '#platform';
import { CardRoad } from '../../gateway/card-road.port.js';
import { GatewayModule } from '../../gateway/gateway.module.js';
import { AgentsDoor } from '../../gateway/nats/agents.door.js';
import { Readiness } from '../../gateway/readiness.port.js';
import { ClosedCardRoad } from '../cards/card.roads.js';
import { TlsCardRoad } from '../cards/tls-card.road.js';
import { HttpDoor } from '../http.door.js';
import { ANSWER_WITHIN_MS, type RoleHost, type RunningRole, openBus } from './role.host.js';
import { RoleModule, RolePorts } from './role.module.js';
import type { RoleSettings } from './role.settings.js';

/** The edge: HTTP and NATS in, the bus out. */
export async function runGateway(host: RoleHost, settings: RoleSettings): Promise<RunningRole> {
  const { clock, timers, random, trouble, metrics, readiness, connection } = host;
  const road = settings.cardsRoad && new TlsCardRoad(settings.cardsRoad);
  const ports = RolePorts.of([
    [CardRoad, road ?? new ClosedCardRoad()],
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
