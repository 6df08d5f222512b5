import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import type { Messages } from '#contracts';
import { Clock } from '#platform';
import { NoticeReaders } from '#processors';

/** What became of a webhook. Only `taken` is durable. */
export type NoticeReceipt = 'taken' | 'unknown_processor' | 'signature_invalid' | 'malformed';

/** Where the road of webhooks ends: checks who sent it, and has the write side record what it says before anybody answers. */
@Injectable()
export class ProcessorNotices {
  constructor(
    private readonly readers: NoticeReaders,
    private readonly bus: Bus<Messages>,
    private readonly clock: Clock,
  ) {}

  /** Header names are lower-case. @throws BusError: then it is to be sent again */
  async take(
    processor: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
  ): Promise<NoticeReceipt> {
    const reader = this.readers.of(processor);
    if (!reader) return 'unknown_processor';
    const reading = reader.read(body, headers, this.clock.now());
    if (!reading.ok) return reading.code;
    await Promise.all(
      reading.notices.map((notice) =>
        this.bus.request('commands.processor_notice.receive', { processor, notice }),
      ),
    );
    return 'taken';
  }
}
