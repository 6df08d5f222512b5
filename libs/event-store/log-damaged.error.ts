/**
 * The log does not hold what was written to it: a bit changed, or a part is missing. Nothing of what is damaged was
 * served, and nothing is appended any more. Neither waiting nor asking again helps; a copy of the file does.
 */
export class LogDamagedError extends Error {
  constructor(
    /** The file's path. */
    readonly file: string,
    /** Where in it, such as `position 12` or `frame 3 of the write-ahead log`. */
    readonly place: string,
    /** What should have been there, or what was found instead. */
    readonly expected: string,
    options?: { cause?: unknown },
  ) {
    super(`${file} is damaged at ${place}: ${expected}`, options);
    this.name = 'LogDamagedError';
  }
}
