import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { withoutCardNumbers } from '#contracts';

/**
 * What the process writes, with every card number masked: by its value, wherever it may have slipped in. Nothing puts one there; this
 * is for the day on which something does.
 */
export class RedactedLogger extends ConsoleLogger {
  constructor() {
    super({ logLevels: ['error', 'warn'] });
  }

  protected override formatMessage(
    ...given: [LogLevel, unknown, string, string, string, string, Record<string, unknown>?]
  ): string {
    return withoutCardNumbers(super.formatMessage(...given));
  }

  /** `stack`: Nest has none for some of its own errors, whatever it declares. */
  protected override printStackTrace(stack: string | undefined): void {
    if (stack !== undefined) super.printStackTrace(withoutCardNumbers(stack));
  }
}
