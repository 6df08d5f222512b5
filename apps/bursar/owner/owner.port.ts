import type { ProblemCode } from '#contracts';
import type { RebuiltProjection } from '#runtime/projection';
import type { Credentials } from '../tenant-credentials.js';

export interface ProvidedTenant {
  /** Where its credentials were written. */
  path: string;
  credentials: Credentials;
}

/** `projection`: the one asked for, null for all. Positions of the log; it is done at `head`. */
export interface RebuildProgress {
  projection: string | null;
  position: number;
  head: number;
}

/** What belongs to the owner of the machine, and is on no door that agents or operators reach. */
export interface OwnerWork {
  /** @throws OwnerRefusal */
  createTenant(name: string): Promise<ProvidedTenant>;
  /** Null: all of them. @throws OwnerRefusal */
  rebuildProjections(
    name: string | null,
    onProgress: (progress: RebuildProgress) => void,
  ): Promise<RebuiltProjection[]>;
}

export class OwnerRefusal extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
  ) {
    super(detail);
    this.name = 'OwnerRefusal';
  }
}
