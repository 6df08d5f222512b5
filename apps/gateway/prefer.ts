const WAIT_DEFAULT_S = 10;
const WAIT_MAX_S = 30;

/**
 * How long the caller wants to wait for a conclusion (RFC 7240), in milliseconds. A preference that cannot be understood is
 * ignored, as preferences are; `wait` next to `respond-async` says how long to wait before that.
 */
export function waitMsOf(prefer: string | string[] | undefined): number {
  const preferences = [prefer ?? []]
    .flat()
    .flatMap((value) => value.split(','))
    .map((preference) => preference.split(';', 1)[0]?.trim().toLowerCase() ?? '');
  const [wait] = preferences.flatMap((preference) => {
    const seconds = /^wait\s*=\s*"?(\d{1,9})"?$/.exec(preference)?.[1];
    return seconds === undefined ? [] : [Number(seconds)];
  });
  if (wait !== undefined) return Math.min(wait, WAIT_MAX_S) * 1000;
  return preferences.includes('respond-async') ? 0 : WAIT_DEFAULT_S * 1000;
}
