import { randomUUID } from 'node:crypto';
import type { ServerLog } from './server.log.js';

/** Whoever follows the log over a call: can be told to end, or made to say nothing any more. */
export class LogFollower {
  readonly id = randomUUID();
  private state: 'live' | 'ended' | 'mute' | 'gone' = 'live';
  private wake = (): void => {};
  private readonly forget: () => void;

  constructor(log: ServerLog) {
    this.forget = log.onAppended(() => this.wake());
  }

  get isLive(): boolean {
    return this.state === 'live';
  }

  /** Resolves when something happened. */
  news(): Promise<void> {
    return new Promise((resolve) => (this.wake = resolve));
  }

  /** Resolves when there is nothing left to wait for: at once, unless it is mute. */
  async over(): Promise<void> {
    while (this.state === 'mute') await this.news();
  }

  /** `ended`: the subscription ends well. `mute`: it stays open and nothing comes any more. `gone`: so is its caller. */
  turn(state: 'ended' | 'mute' | 'gone'): void {
    this.state = state;
    if (state !== 'mute') this.forget();
    this.wake();
  }
}
