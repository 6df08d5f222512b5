/** Who counts what the actors of a process do. */
export abstract class ActorCounts {
  /** So many were decided together, and are durable where they changed something. */
  abstract countCommands(commands: number): void;
  /** An append lost a race against another process, and its commands are decided again. */
  abstract countConflict(): void;
}
