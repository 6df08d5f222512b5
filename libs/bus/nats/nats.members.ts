import type { Subscription } from 'nats';
import { type Clock, type EpochMs, Members, type Timers } from '#platform';
import type { NatsConnection } from './nats.connection.js';
import { INTERNAL_PREFIX, decodeJson, encodeJson } from './nats.wire.js';

export interface NatsMembersOptions {
  /** What kind of process: members of one kind see each other. `bursar.internal.members.<kind>` is theirs. */
  kind: string;
  /** This process, no other and no other life of it. */
  self: string;
  /** How often each says that it is there; default 500 ms. */
  everyMs?: number;
  /** How long nothing is heard of a member before it counts as gone; default 2 s. */
  goneAfterMs?: number;
}

interface Word {
  member: string;
  leaving?: boolean;
}

const NAME = /^[\w-]{1,64}$/;

/**
 * Who is there, by word of mouth: everybody says so again and again, and nothing is kept anywhere. Whoever lost the connection keeps
 * its last view, since it would otherwise take itself for the only one left.
 */
export class NatsMembers extends Members {
  readonly self: string;
  private readonly subject: string;
  private readonly everyMs: number;
  private readonly goneAfterMs: number;
  /** When each was last heard. */
  private readonly heard = new Map<string, EpochMs>();
  private readonly listeners = new Set<() => void>();
  private members: readonly string[] = [];
  private subscription: Subscription | undefined;
  private cancel: (() => void) | undefined;
  private left = false;

  private constructor(
    private readonly connection: NatsConnection,
    private readonly ports: { clock: Clock; timers: Timers },
    { kind, self, everyMs = 500, goneAfterMs = 2_000 }: NatsMembersOptions,
  ) {
    super();
    this.subject = `${INTERNAL_PREFIX}members.${kind}`;
    this.self = self;
    this.everyMs = everyMs;
    this.goneAfterMs = goneAfterMs;
  }

  /** Resolves once the others had time to answer. */
  static async join(
    connection: NatsConnection,
    ports: { clock: Clock; timers: Timers },
    options: NatsMembersOptions,
  ): Promise<NatsMembers> {
    const members = new NatsMembers(connection, ports, options);
    members.listen();
    members.say({ member: members.self });
    await new Promise<void>((resolve) => ports.timers.after(members.everyMs, resolve));
    members.heard.set(members.self, ports.clock.monotonicMs());
    members.tell();
    members.tick();
    return members;
  }

  /** Sees the members without being one. Who is there is known a while later. */
  static watch(
    connection: NatsConnection,
    ports: { clock: Clock; timers: Timers },
    options: Omit<NatsMembersOptions, 'self'>,
  ): Pick<NatsMembers, 'alive' | 'onChange' | 'leave'> {
    const members = new NatsMembers(connection, ports, { ...options, self: '' });
    members.listen();
    members.tick();
    return members;
  }

  alive(): readonly string[] {
    return this.members;
  }

  onChange(changed: () => void): () => void {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  }

  /** Tells the others, who need not wait then. */
  leave(): void {
    this.left = true;
    this.cancel?.();
    this.subscription?.unsubscribe();
    this.say({ member: this.self, leaving: true });
  }

  private get isMember(): boolean {
    return this.self !== '';
  }

  private listen(): void {
    this.subscription = this.connection.client.subscribe(this.subject, {
      callback: (_error, { data }) => this.hear(wordIn(data)),
    });
  }

  private hear(word: Word | null): void {
    if (!word || word.member === this.self || this.left) return;
    const { member, leaving = false } = word;
    const isNew = !this.heard.has(member);
    if (leaving) this.heard.delete(member);
    else this.heard.set(member, this.ports.clock.monotonicMs());
    // Who has just come does not know us yet.
    if (isNew && !leaving && this.members.length > 0) this.say({ member: this.self });
    this.tell();
  }

  private tick(): void {
    if (this.left) return;
    this.cancel = this.ports.timers.after(this.everyMs, () => this.tick());
    const nowMs = this.ports.clock.monotonicMs();
    if (this.isMember) this.heard.set(this.self, nowMs);
    const { connected, sinceMs } = this.connection.liveness();
    if (!connected) return;
    this.say({ member: this.self });
    // Nobody could be heard before.
    if (this.ports.clock.now() - sinceMs < this.goneAfterMs) return;
    for (const [member, atMs] of this.heard)
      if (nowMs - atMs > this.goneAfterMs) this.heard.delete(member);
    this.tell();
  }

  /** Once this process has joined. */
  private tell(): void {
    if (this.isMember && !this.heard.has(this.self)) return;
    const members = [...this.heard.keys()].sort();
    if (members.join() === this.members.join()) return;
    this.members = members;
    for (const changed of this.listeners) changed();
  }

  private say(word: Word): void {
    if (this.isMember && this.connection.liveness().connected)
      this.connection.client.publish(this.subject, encodeJson(word));
  }
}

function wordIn(data: Uint8Array): Word | null {
  try {
    const { member, leaving } = decodeJson(data) as Partial<Word>;
    return typeof member === 'string' && NAME.test(member)
      ? { member, leaving: leaving === true }
      : null;
  } catch {
    return null;
  }
}
