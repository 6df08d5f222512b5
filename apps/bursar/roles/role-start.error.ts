/** A process cannot do its work, for a reason that whoever set it up can put right. */
export class RoleStartError extends Error {
  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'RoleStartError';
  }
}
