import { inspect } from 'node:util';

/**
 * A card in the clear, for as long as one call needs it. It has no field that anything could enumerate and refuses to be
 * serialised, so it cannot end up in a message, an event or a log by mistake (PCI DSS 4.0.1, 3.3.1 and 3.5.1).
 */
export class Card {
  readonly #number: string;
  readonly #expMonth: number;
  readonly #expYear: number;
  readonly #cvc: string | undefined;

  /** `number`: digits only. `expYear`: four digits. `cvc`: only while it was just entered, never from storage. */
  constructor(card: { number: string; expMonth: number; expYear: number; cvc?: string }) {
    this.#number = card.number;
    this.#expMonth = card.expMonth;
    this.#expYear = card.expYear;
    this.#cvc = card.cvc;
  }

  get number(): string {
    return this.#number;
  }

  get expMonth(): number {
    return this.#expMonth;
  }

  get expYear(): number {
    return this.#expYear;
  }

  get cvc(): string | undefined {
    return this.#cvc;
  }

  toJSON(): never {
    throw new TypeError('A card is never serialised.');
  }

  toString(): string {
    return '[card]';
  }

  [inspect.custom](): string {
    return '[card]';
  }
}
