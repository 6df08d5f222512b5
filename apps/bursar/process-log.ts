import { Logger } from '@nestjs/common';
import { Trouble } from '#platform';

/** One line for the operator, the stack for whoever looks closer. Payments' data never get here: errors name streams, not contents. */
export class ProcessLog extends Trouble {
  private readonly logger = new Logger('bursar');

  override report(message: string, error: unknown): void {
    const reason = error instanceof Error ? error : new Error(JSON.stringify(error));
    this.logger.error(`${message}: ${reason.message}`, reason.stack);
  }
}
