import type {
  AgentEvent,
  MandateEvent,
  ParkedDeliveryEvent,
  PaymentIntentEvent,
  PaymentMethodEvent,
  ProcessorAccountEvent,
  TenantEvent,
  WebhookEndpointEvent,
} from '#domain';
import type { RecordedEvent } from '#event-store';

/** What each category of streams holds. Types of a later version may be among them: they are passed over. */
interface EventsByCategory {
  payment_intent: PaymentIntentEvent;
  payment_method: PaymentMethodEvent;
  mandate: MandateEvent;
  agent: AgentEvent;
  tenant: TenantEvent;
  parked_delivery: ParkedDeliveryEvent;
  webhook_endpoint: WebhookEndpointEvent;
  processor_account: ProcessorAccountEvent;
}

/** The event as the domain wrote it, or null when its stream is of another category. */
export function eventOf<Category extends keyof EventsByCategory>(
  category: Category,
  event: RecordedEvent,
): EventsByCategory[Category] | null {
  const isOfCategory = event.stream.startsWith(`${category}-`);
  return isOfCategory ? (event as unknown as EventsByCategory[Category]) : null;
}

const PREFIXES: Readonly<Record<string, string>> = {
  payment_intent: 'pi_',
  payment_method: 'pm_',
  mandate: 'mnd_',
  agent: 'agt_',
  quote: 'qt_',
  tenant: 'tnt_',
  webhook_endpoint: 'whe_',
};

/** The id that the world knows a stream's aggregate by: `pi_…` for `payment_intent-…`; a parked delivery has its event's. */
export function publicId(stream: string): string {
  const hyphen = stream.indexOf('-');
  return `${PREFIXES[stream.slice(0, hyphen)] ?? ''}${stream.slice(hyphen + 1)}`;
}

/** @throws when the event says nobody's tenant: nobody could be shown it */
export function tenantOf({ metadata }: RecordedEvent): string {
  const tenant = metadata['tenant'];
  if (typeof tenant !== 'string') throw new Error('the event has no tenant');
  return tenant;
}
