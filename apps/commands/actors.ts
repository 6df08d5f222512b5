import {
  type AgentCommand,
  type MandateCommand,
  type ParkedDeliveryCommand,
  type PaymentIntentCommand,
  type PaymentMethodCommand,
  type ProcessorAccountCommand,
  type ProcessorNoticeCommand,
  type PurchaseCommand,
  type QuoteCommand,
  type TenantCommand,
  type WebhookEndpointCommand,
  agentDecider,
  agentSnapshot,
  mandateDecider,
  mandateSnapshot,
  parkedDeliveryDecider,
  paymentIntentDecider,
  paymentMethodDecider,
  processorAccountDecider,
  processorNoticeDecider,
  purchaseDecider,
  quoteDecider,
  tenantDecider,
  webhookEndpointDecider,
  webhookEndpointSnapshot,
} from '#domain';
import { renderAnswer, renderOperation, renderQuote } from '#contracts';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ActorRuntime, type MessageMeta, type Told } from '#runtime';

/** One envelope and one handler per aggregate: commands are data, and each actor takes all that are meant for it. */

export const PAYMENT_INTENT = {
  category: 'payment_intent',
  schemaVersion: 1,
  decider: paymentIntentDecider({ request: renderAnswer, operation: renderOperation }),
} as const;
export const PURCHASE = {
  category: 'purchase',
  schemaVersion: 1,
  decider: purchaseDecider,
} as const;
export const PAYMENT_METHOD = {
  category: 'payment_method',
  schemaVersion: 1,
  decider: paymentMethodDecider,
} as const;
export const MANDATE = {
  category: 'mandate',
  schemaVersion: 1,
  decider: mandateDecider,
  snapshot: mandateSnapshot,
} as const;
export const AGENT = {
  category: 'agent',
  schemaVersion: 1,
  decider: agentDecider,
  snapshot: agentSnapshot,
} as const;
export const TENANT = { category: 'tenant', schemaVersion: 1, decider: tenantDecider } as const;
export const PARKED_DELIVERY = {
  category: 'parked_delivery',
  schemaVersion: 1,
  decider: parkedDeliveryDecider,
} as const;

export const WEBHOOK_ENDPOINT = {
  category: 'webhook_endpoint',
  schemaVersion: 1,
  decider: webhookEndpointDecider,
  snapshot: webhookEndpointSnapshot,
} as const;

export const PROCESSOR_NOTICE = {
  category: 'processor_notice',
  schemaVersion: 1,
  decider: processorNoticeDecider,
} as const;
export const PROCESSOR_ACCOUNT = {
  category: 'processor_account',
  schemaVersion: 1,
  decider: processorAccountDecider,
} as const;

export const QUOTE = {
  category: 'quote',
  schemaVersion: 1,
  decider: quoteDecider((quote) => ({
    status: 201,
    body: JSON.stringify(renderQuote(quote, quote.createdAt)),
  })),
} as const;

/** What an aggregate answers. */
type Answers<Definition> = Definition extends {
  decider: {
    initial: () => infer State;
    decide: (
      ...args: never[]
    ) =>
      | { ok: true; events: readonly (infer Event)[] }
      | { ok: false; code: infer Code; details: infer Details };
  };
}
  ? Told<Event, State, Code & string, Details>
  : never;

export class ToPaymentIntent extends Command<Answers<typeof PAYMENT_INTENT>> {
  constructor(
    readonly id: string,
    readonly message: PaymentIntentCommand,
    readonly meta: MessageMeta,
  ) {
    super();
  }
}

@CommandHandler(ToPaymentIntent)
export class PaymentIntentActor implements ICommandHandler<ToPaymentIntent> {
  constructor(private readonly actors: ActorRuntime) {}

  execute({ id, message, meta }: ToPaymentIntent) {
    return this.actors.tell(PAYMENT_INTENT, id, message, meta);
  }
}

export class ToPurchase extends Command<Answers<typeof PURCHASE>> {
  constructor(
    readonly id: string,
    readonly message: PurchaseCommand,
    readonly meta: MessageMeta,
  ) {
    super();
  }
}

@CommandHandler(ToPurchase)
export class PurchaseActor implements ICommandHandler<ToPurchase> {
  constructor(private readonly actors: ActorRuntime) {}

  execute({ id, message, meta }: ToPurchase) {
    return this.actors.tell(PURCHASE, id, message, meta);
  }
}

export class ToMandate extends Command<Answers<typeof MANDATE>> {
  constructor(
    readonly id: string,
    readonly message: MandateCommand,
    readonly meta: MessageMeta,
  ) {
    super();
  }
}

@CommandHandler(ToMandate)
export class MandateActor implements ICommandHandler<ToMandate> {
  constructor(private readonly actors: ActorRuntime) {}

  execute({ id, message, meta }: ToMandate) {
    return this.actors.tell(MANDATE, id, message, meta);
  }
}

export class ToAgent extends Command<Answers<typeof AGENT>> {
  constructor(
    readonly id: string,
    readonly message: AgentCommand,
    readonly meta: MessageMeta,
  ) {
    super();
  }
}

@CommandHandler(ToAgent)
export class AgentActor implements ICommandHandler<ToAgent> {
  constructor(private readonly actors: ActorRuntime) {}

  execute({ id, message, meta }: ToAgent) {
    return this.actors.tell(AGENT, id, message, meta);
  }
}

export class ToTenant extends Command<Answers<typeof TENANT>> {
  constructor(
    readonly id: string,
    readonly message: TenantCommand,
    readonly meta: MessageMeta,
  ) {
    super();
  }
}

@CommandHandler(ToTenant)
export class TenantActor implements ICommandHandler<ToTenant> {
  constructor(private readonly actors: ActorRuntime) {}

  execute({ id, message, meta }: ToTenant) {
    return this.actors.tell(TENANT, id, message, meta);
  }
}

export class ToParkedDelivery extends Command<Answers<typeof PARKED_DELIVERY>> {
  constructor(
    readonly id: string,
    readonly message: ParkedDeliveryCommand,
    readonly meta: MessageMeta,
  ) {
    super();
  }
}

@CommandHandler(ToParkedDelivery)
export class ParkedDeliveryActor implements ICommandHandler<ToParkedDelivery> {
  constructor(private readonly actors: ActorRuntime) {}

  execute({ id, message, meta }: ToParkedDelivery) {
    return this.actors.tell(PARKED_DELIVERY, id, message, meta);
  }
}

export class ToWebhookEndpoint extends Command<Answers<typeof WEBHOOK_ENDPOINT>> {
  constructor(
    readonly id: string,
    readonly message: WebhookEndpointCommand,
    readonly meta: MessageMeta,
  ) {
    super();
  }
}

@CommandHandler(ToWebhookEndpoint)
export class WebhookEndpointActor implements ICommandHandler<ToWebhookEndpoint> {
  constructor(private readonly actors: ActorRuntime) {}

  execute({ id, message, meta }: ToWebhookEndpoint) {
    return this.actors.tell(WEBHOOK_ENDPOINT, id, message, meta);
  }
}

export class ToPaymentMethod extends Command<Answers<typeof PAYMENT_METHOD>> {
  constructor(
    readonly id: string,
    readonly message: PaymentMethodCommand,
    readonly meta: MessageMeta,
  ) {
    super();
  }
}

@CommandHandler(ToPaymentMethod)
export class PaymentMethodActor implements ICommandHandler<ToPaymentMethod> {
  constructor(private readonly actors: ActorRuntime) {}

  execute({ id, message, meta }: ToPaymentMethod) {
    return this.actors.tell(PAYMENT_METHOD, id, message, meta);
  }
}

export class ToProcessorNotice extends Command<Answers<typeof PROCESSOR_NOTICE>> {
  constructor(
    readonly id: string,
    readonly message: ProcessorNoticeCommand,
    readonly meta: MessageMeta,
  ) {
    super();
  }
}

@CommandHandler(ToProcessorNotice)
export class ProcessorNoticeActor implements ICommandHandler<ToProcessorNotice> {
  constructor(private readonly actors: ActorRuntime) {}

  execute({ id, message, meta }: ToProcessorNotice) {
    return this.actors.tell(PROCESSOR_NOTICE, id, message, meta);
  }
}

export class ToProcessorAccount extends Command<Answers<typeof PROCESSOR_ACCOUNT>> {
  constructor(
    readonly id: string,
    readonly message: ProcessorAccountCommand,
    readonly meta: MessageMeta,
  ) {
    super();
  }
}

@CommandHandler(ToProcessorAccount)
export class ProcessorAccountActor implements ICommandHandler<ToProcessorAccount> {
  constructor(private readonly actors: ActorRuntime) {}

  execute({ id, message, meta }: ToProcessorAccount) {
    return this.actors.tell(PROCESSOR_ACCOUNT, id, message, meta);
  }
}

export class ToQuote extends Command<Answers<typeof QUOTE>> {
  constructor(
    readonly id: string,
    readonly message: QuoteCommand,
    readonly meta: MessageMeta,
  ) {
    super();
  }
}

@CommandHandler(ToQuote)
export class QuoteActor implements ICommandHandler<ToQuote> {
  constructor(private readonly actors: ActorRuntime) {}

  execute({ id, message, meta }: ToQuote) {
    return this.actors.tell(QUOTE, id, message, meta);
  }
}
