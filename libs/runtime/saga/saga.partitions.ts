import { type Members, type Timers, ownerOf } from '#platform';

/** A share of the streams: whole streams, each in one share. */
export interface SagaPartition {
  readonly name: string;
  readonly streamPrefixes: readonly string[];
}

/** A share that is being followed. */
export interface FollowedPartition {
  /** Deliveries that are not acknowledged. */
  readonly open: number;
  stop(): Promise<void>;
}

export interface SagaPartitionPorts {
  members: Members;
  timers: Timers;
  /** Begins to follow a share where whoever had it before stored that it was. */
  follow: (partition: SagaPartition) => Promise<FollowedPartition>;
  onTrouble: (message: string, error: unknown) => void;
}

const RETRY_MS = 1_000;

/**
 * Shares the streams out among the saga processes that are alive. While they disagree a share has two owners, or none: two are borne
 * by the revision that every append expects, and none ends when they agree.
 */
export class SagaPartitions {
  private readonly shares: Share[];
  private unsubscribe: (() => void) | undefined;

  constructor(
    partitions: readonly SagaPartition[],
    private readonly ports: SagaPartitionPorts,
  ) {
    this.shares = partitions.map((partition) => new Share(partition, ports));
  }

  start(): void {
    this.unsubscribe = this.ports.members.onChange(() => this.shareOut());
    this.shareOut();
  }

  /** Gives everything back. */
  async stop(): Promise<void> {
    this.unsubscribe?.();
    await Promise.all(this.shares.map((share) => share.want(false)));
  }

  /** Names of the shares that this process follows. */
  get own(): string[] {
    return this.shares.filter((share) => share.isFollowed).map(({ partition }) => partition.name);
  }

  get open(): number {
    return this.shares.reduce((sum, share) => sum + share.open, 0);
  }

  private shareOut(): void {
    const { members } = this.ports;
    const alive = members.alive();
    for (const share of this.shares)
      void share.want(ownerOf(share.partition.name, alive) === members.self);
  }
}

/** One share, on its way to being followed or not. */
class Share {
  private wanted = false;
  private followed: FollowedPartition | undefined;
  private settling: Promise<void> | undefined;
  private hurry: (() => void) | undefined;

  constructor(
    readonly partition: SagaPartition,
    private readonly ports: SagaPartitionPorts,
  ) {}

  get isFollowed(): boolean {
    return this.followed !== undefined;
  }

  get open(): number {
    return this.followed?.open ?? 0;
  }

  /** Resolves when it is so, or when it is not wanted so any more. */
  want(wanted: boolean): Promise<void> {
    this.wanted = wanted;
    this.hurry?.();
    this.settling ??= this.settle();
    return this.settling;
  }

  private async settle(): Promise<void> {
    await Promise.resolve();
    // One thing at a time: it is not begun again before it has ended.
    while (this.wanted !== this.isFollowed) {
      try {
        if (this.wanted) this.followed = await this.ports.follow(this.partition);
        else await this.end();
      } catch (error) {
        const doing = this.wanted ? 'followed' : 'left';
        this.ports.onTrouble(`${this.partition.name} could not be ${doing}`, error);
        if (this.wanted) await this.delay();
      }
    }
    this.settling = undefined;
  }

  private async end(): Promise<void> {
    const { followed } = this;
    this.followed = undefined;
    await followed?.stop();
  }

  private delay(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.ports.timers.after(RETRY_MS, resolve);
      this.hurry = () => {
        cancel();
        resolve();
      };
    });
  }
}
