import { readFileSync } from 'node:fs';

/** What one end of the road of cards shows, and whom it trusts. Paths of PEM files. */
export interface CardsTls {
  certificateFile: string;
  keyFile: string;
  /** Who signed the certificates of the other end: a certificate authority for this road alone. */
  caFile: string;
}

/** Null: no door for cards is to be opened. Adds to `faults` what is wrong. */
export function cardsDoorOf(
  env: NodeJS.ProcessEnv,
  faults: string[],
): (CardsTls & { port: number }) | null {
  const text = env['BURSAR_CARDS_PORT'];
  if (text === undefined || text === '') return null;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    faults.push(`BURSAR_CARDS_PORT must be a port from 0 to 65535, not "${text}"`);
  if (!env['BURSAR_VAULT_KEY_FILE'])
    faults.push('BURSAR_CARDS_PORT needs BURSAR_VAULT_KEY_FILE: cards are kept behind that door');
  const tls = tlsOf(env, 'BURSAR_CARDS_PORT', faults);
  return tls && { ...tls, port };
}

/** Null: there is no way to a vault. Adds to `faults` what is wrong. */
export function cardsRoadOf(
  env: NodeJS.ProcessEnv,
  faults: string[],
): (CardsTls & { url: string }) | null {
  const url = env['BURSAR_CARDS_URL'];
  if (url === undefined || url === '') return null;
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:')
    faults.push('BURSAR_CARDS_URL must be https://…: cards travel over TLS only');
  const tls = tlsOf(env, 'BURSAR_CARDS_URL', faults);
  return tls && { ...tls, url: url.replace(/\/+$/, '') };
}

function tlsOf(env: NodeJS.ProcessEnv, needs: string, faults: string[]): CardsTls | null {
  const names = ['CERTIFICATE_FILE', 'KEY_FILE', 'CA_FILE'].map((name) => `BURSAR_CARDS_${name}`);
  const missing = names.filter((name) => !env[name]);
  if (missing.length > 0) faults.push(`${needs} needs ${missing.join(', ')}`);
  const [certificateFile = '', keyFile = '', caFile = ''] = names.map((name) => env[name]);
  return missing.length > 0 ? null : { certificateFile, keyFile, caFile };
}

/** What the files hold. @throws the system's error */
export function tlsMaterial({ certificateFile, keyFile, caFile }: CardsTls) {
  return {
    cert: readFileSync(certificateFile),
    key: readFileSync(keyFile),
    ca: readFileSync(caFile),
    minVersion: 'TLSv1.2',
  } as const;
}
