import ipaddr from 'ipaddr.js';

/** IPv4 that is not, or not surely, a host of the internet: the special-purpose registry of IANA, and what was never given out. */
const SPECIAL_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
].map((range) => ipaddr.IPv4.parseCIDR(range));

/** All of IPv6 that is given out for hosts of the internet. Mapped, translated (NAT64) and local addresses lie outside. */
const GLOBAL_V6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** What of it is for something else, or carries an IPv4 address (Teredo, 6to4). */
const SPECIAL_V6 = [
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3ffe::/16',
  '3fff::/20',
].map((range) => ipaddr.IPv6.parseCIDR(range));

/**
 * Whether an IP address, in the form that the operating system gives, belongs to a host of the internet. Everything that is not
 * surely so is not: the own machine and network, cloud metadata, multicast, and every way to write an IPv4 address as an IPv6 one.
 */
export function isGlobalAddress(address: string): boolean {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) {
    const v4 = ipaddr.IPv4.parse(address);
    return !SPECIAL_V4.some((range) => v4.match(range));
  }
  // A zone is for addresses of the own network only.
  if (address.includes('%') || !ipaddr.IPv6.isValid(address)) return false;
  const v6 = ipaddr.IPv6.parse(address);
  return v6.match(GLOBAL_V6) && !SPECIAL_V6.some((range) => v6.match(range));
}
