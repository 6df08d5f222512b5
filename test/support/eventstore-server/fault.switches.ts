/** What a call of the test server can be made to suffer. */

export type Rpc =
  'append' | 'batch_append' | 'read' | 'subscribe' | 'delete' | 'features' | 'gossip';

export interface CallFault {
  rpc: Rpc;
  /** Whether what was asked for is done all the same. */
  commit?: boolean;
  /**
   * `silence`: never an answer. `cut`: all connections are reset. `end`: the call ends well without an answer. `twice`: the
   * answer comes again later. `timeout`: the server says that its own commit took too long.
   */
  then: 'answer' | 'silence' | 'cut' | 'end' | 'twice' | 'timeout' | 'not_ready' | 'not_leader';
  delayMs?: number;
  /** How many calls it hits; all of them when it is not named. */
  times?: number;
}

export class FaultSwitches {
  private faults: CallFault[] = [];
  readonly seen = countersOf();
  readonly open = countersOf();
  /** The most that were ever open at once. */
  readonly peak = countersOf();

  set(faults: CallFault[]): void {
    this.faults = faults.map((fault) => ({ ...fault }));
  }

  /** The fault that strikes the call which begins now. */
  strike(rpc: Rpc): CallFault | undefined {
    this.seen[rpc]++;
    const fault = this.faults.find((each) => each.rpc === rpc && (each.times ?? 1) > 0);
    if (fault?.times !== undefined) fault.times--;
    return fault;
  }

  /** Counts a call as open until what it returns is called. */
  opened(rpc: Rpc): () => void {
    this.peak[rpc] = Math.max(this.peak[rpc], ++this.open[rpc]);
    let isOpen = true;
    return () => {
      if (isOpen) this.open[rpc]--;
      isOpen = false;
    };
  }
}

function countersOf(): Record<Rpc, number> {
  return { append: 0, batch_append: 0, read: 0, subscribe: 0, delete: 0, features: 0, gossip: 0 };
}
