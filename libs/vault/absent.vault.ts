import { Vault, VaultUnavailableError } from './vault.port.js';

/** Of an installation that has none: it keeps nothing, and says so. */
export class AbsentVault extends Vault {
  constructor(private readonly reason: string) {
    super();
  }

  marksOf = () => this.refuse();
  keep = () => this.refuse();
  card = () => this.refuse();
  keepProcessorToken = () => this.refuse();
  processorToken = () => this.refuse();
  erase = () => this.refuse();
  noteCard = () => this.refuse();
  noteDecline = () => this.refuse();

  private refuse(): Promise<never> {
    return Promise.reject(new VaultUnavailableError(this.reason));
  }
}
