import { CommandHandler } from '@nestjs/cqrs';
import { Bus } from '#bus';
import type { Messages } from '#contracts';
import type { JsonRecord, ProcessorNotice } from '#domain';
import { Trouble } from '#platform';
import { type Delivery, DeliveryHandler } from '#runtime';
import { causedBy } from './caused.js';
import { ApplyNotice } from './payment-lifecycle.commands.js';
import { Sender } from './sender.js';

/** A notice is on record: the payment that it is about takes it in. Money that no payment knows is reported, and never adopted. */
@CommandHandler(ApplyNotice)
export class ApplyNoticeHandler extends DeliveryHandler {
  constructor(
    private readonly bus: Bus<Messages>,
    private readonly trouble: Trouble,
    private readonly sender: Sender,
  ) {
    super();
  }

  protected override async handle({ event }: Delivery): Promise<void> {
    const { processor, notice } = event.data as unknown as {
      processor: string;
      notice: ProcessorNotice;
    };
    const { meaning, reference } = notice;
    if (meaning.about === 'nothing') return;
    const key = meaning.about === 'refund' ? meaning.refundKey : notice.attemptKey;
    const payment = await this.bus.request('queries.charges.payment', {
      processor,
      key,
      reference,
    });
    if (payment) {
      const { id, tenant } = payment;
      const sender = this.sender.id;
      const told = await this.bus.request('commands.payment_intent.tell', {
        ...causedBy(event, 'take'),
        ...{ id, tenant, command: { type: 'TakeNotice', processor, notice, sender } },
      });
      if (told.ok) return;
    }
    if (!isAboutMoney(notice)) return;
    const orphan = {
      ...{ notice: notice.id, type: notice.type, key, reference },
      meaning: meaning as unknown as JsonRecord,
    };
    const cause = causedBy(event, 'orphan');
    await this.bus.request('commands.processor_account.report_orphan', {
      ...cause,
      processor,
      orphan,
    });
    this.trouble.report(
      `${processor} tells of money that no payment knows: ${notice.type} ${notice.id}`,
      `key ${key ?? 'none'}, charge ${reference ?? 'none'}`,
    );
  }
}

/** Whether money moved, or is said to be owed. */
function isAboutMoney({ meaning }: ProcessorNotice): boolean {
  return 'outcome' in meaning ? meaning.outcome.kind === 'succeeded' : true;
}
