export { Addressees } from './addressees.js';
export { NatsBus } from './nats.bus.js';
export {
  NatsConnection,
  type NatsLiveness,
  type NatsPorts,
  NatsRefusalError,
  NatsUnreachableError,
} from './nats.connection.js';
export {
  type NatsEndpoint,
  NatsEndpoints,
  type NatsEndpointsFacts,
  type NatsReply,
  type NatsRequest,
} from './nats.endpoints.js';
export { type NatsSettings, serversOf } from './nats.settings.js';
export { type Nkey, newNkey, nkeyIn } from './nkey.js';
export { NatsKeyValueStore } from './nats.key-value.js';
export { NatsMembers, type NatsMembersOptions } from './nats.members.js';
export { NatsPublication, type NatsPublicationOptions } from './nats.publication.js';
export { NatsTransport, type NatsTransportOptions } from './nats.transport.js';
export { INTERNAL_PREFIX, addressed, serviceErrorHeaders } from './nats.wire.js';
