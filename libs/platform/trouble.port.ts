/** Where a process says what went wrong and does not stop it: its log. Never shown to agents. */
export abstract class Trouble {
  abstract report(message: string, error: unknown): void;
}
