import { isGlobalAddress } from '#platform';

export interface WebhookTargetRules {
  /** For development: http, any port, and addresses of the own network and machine. */
  allowInternal: boolean;
}

/** Why nothing is sent somewhere. `detail` completes "This field …". */
export interface WebhookTargetFault {
  rule: 'url' | 'scheme' | 'credentials' | 'port' | 'address';
  detail: string;
}

/** Of https; empty stands for the usual one. */
const PORTS = ['', '8443'];

/**
 * What is wrong with an address, as it is written; null for nothing. A name can still lead anywhere: what it leads to is looked at
 * when it is connected to.
 */
export function webhookTargetFault(
  url: string,
  { allowInternal }: WebhookTargetRules,
): WebhookTargetFault | null {
  if (!URL.canParse(url)) return { rule: 'url', detail: 'must be an http or https address' };
  const { protocol, username, password, port, hostname } = new URL(url);
  if (username !== '' || password !== '')
    return { rule: 'credentials', detail: 'must have no user and no password in it' };
  if (protocol !== 'https:' && !(allowInternal && protocol === 'http:'))
    return { rule: 'scheme', detail: 'must begin with https://' };
  if (allowInternal) return null;
  if (!PORTS.includes(port)) return { rule: 'port', detail: 'must have the port 443 or 8443' };
  return isInternal(hostname)
    ? { rule: 'address', detail: 'must lead to a host of the internet' }
    : null;
}

/** Names that lead nowhere outside by their form, and addresses, however they were written: a URL has them in their usual form. */
function isInternal(hostname: string): boolean {
  const name = hostname.replace(/\.$/, '');
  if (name === '' || /(?:^|\.)localhost$/.test(name)) return true;
  if (name.startsWith('[')) return !isGlobalAddress(name.slice(1, -1));
  return /^[\d.]+$/.test(name) && !isGlobalAddress(name);
}
