import type { NoticeReader } from './notice.port.js';

/** Who reads the webhooks of which processor. */
export class NoticeReaders {
  private readonly byProcessor: ReadonlyMap<string, NoticeReader>;

  constructor(readers: readonly NoticeReader[]) {
    this.byProcessor = new Map(readers.map((reader) => [reader.processor, reader]));
    if (this.byProcessor.size !== readers.length) {
      throw new Error('Two readers read the webhooks of one processor.');
    }
  }

  of(processor: string): NoticeReader | undefined {
    return this.byProcessor.get(processor);
  }
}
