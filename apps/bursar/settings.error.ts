/** Says everything that is wrong with the environment at once. */
export class InvalidSettingsError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(faults.join('\n'));
    this.name = 'InvalidSettingsError';
  }
}
