import type { NatsConnection } from '#bus/nats';
import { Readiness } from '../../gateway/readiness.port.js';

/** Ready once it serves, while it is connected, and not any more when it is told to end. */
export class RoleReadiness extends Readiness {
  private missing: string[] = ['starting'];

  constructor(private readonly connection: NatsConnection) {
    super();
  }

  override ready(): boolean {
    return this.reasons().length === 0;
  }

  override reasons(): string[] {
    return this.connection.liveness().connected ? this.missing : [...this.missing, 'nats_lost'];
  }

  started(): void {
    this.missing = [];
  }

  stopping(): void {
    this.missing = ['stopping'];
  }
}
