import { Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { Call } from '#contracts';
import { EventStore, readWholeStream } from '#event-store';
import { ToPaymentMethod } from './actors.js';
import { metaOfCall, operationId } from './calls.js';

const VAULT_TOKEN = /^pm_([a-z2-7]{26})$/;

/** Whether a payment may be made with what it names. Tokens that are not the vault's are for the processor to know. */
@Injectable()
export class PaymentMethods {
  constructor(
    private readonly commandBus: CommandBus,
    private readonly store: EventStore,
  ) {}

  /** Null: there is nothing against it, or the payment was recorded already, and then its own answer counts. */
  async objectionTo(call: Call): Promise<'not_found' | null> {
    const [, stream] = VAULT_TOKEN.exec(String(call.request['payment_method'])) ?? [];
    if (stream === undefined) return null;
    const { tenant, id: agent } = call.principal;
    const meta = metaOfCall(call, `pm_${stream}`);
    const inspect = { type: 'InspectPaymentMethod', tenant, agent } as const;
    const told = await this.commandBus.execute(new ToPaymentMethod(stream, inspect, meta));
    return told.ok || (await this.isRecorded(operationId(call))) ? null : 'not_found';
  }

  private async isRecorded(id: string): Promise<boolean> {
    for await (const _event of readWholeStream(this.store, `payment_intent-${id}`)) return true;
    return false;
  }
}
