import type { GuardedProcessor } from './guarded-processor.js';

/** The processors this installation has, in the order in which routing prefers them. */
export class ProcessorRegistry {
  private readonly byName: ReadonlyMap<string, GuardedProcessor>;

  constructor(processors: readonly GuardedProcessor[]) {
    this.byName = new Map(processors.map((processor) => [processor.name, processor]));
    if (this.byName.size !== processors.length) {
      throw new Error('Two processors have the same name.');
    }
  }

  all(): readonly GuardedProcessor[] {
    return [...this.byName.values()];
  }

  find(name: string): GuardedProcessor | undefined {
    return this.byName.get(name);
  }

  stop(): void {
    for (const processor of this.byName.values()) processor.stop();
  }
}
