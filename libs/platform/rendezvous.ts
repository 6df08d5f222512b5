import { createHash } from 'node:crypto';

/**
 * Who of the members a key belongs to; undefined without members. Everybody who knows the same members gives the same answer, and
 * when one comes or goes, only its own keys change hands: rendezvous hashing (Thaler and Ravishankar, 1998).
 */
export function ownerOf(key: string, members: readonly string[]): string | undefined {
  let [owner, highest] = [members[0], ''];
  for (const member of members) {
    const weight = createHash('sha256').update(`${key.length} ${key}${member}`).digest('hex');
    if (weight > highest) [owner, highest] = [member, weight];
  }
  return owner;
}
