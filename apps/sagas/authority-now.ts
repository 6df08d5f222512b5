import type { Messages } from '#contracts';
import type { AuthorityNow } from '#domain';

type Standing = Messages['queries.agent.standing']['reply'];

/** Whether the agent still may pay. One that nobody knows may not. */
export function authorityOf(standing: Standing): AuthorityNow {
  if (standing?.status !== 'active') return 'agent_suspended';
  return standing.mandate === 'revoked' ? 'mandate_revoked' : 'active';
}
