import type { Messages } from './messages.js';

/** By which field of its request a command names the stream that decides on it. */
type Named = {
  [Subject in keyof Messages & `commands.${string}`]?: keyof Messages[Subject]['request'];
};

const NAMED_BY: Named = {
  'commands.payment_intent.operate': 'id',
  'commands.payment_intent.tell': 'id',
  'commands.purchase.claim': 'purchase',
  'commands.purchase.free': 'purchase',
  'commands.mandate.reserve': 'mandate',
  'commands.mandate.settle': 'mandate',
  'commands.mandate.revoke': 'mandate',
  'commands.payment_method.recall': 'paymentMethod',
  'commands.payment_method.tokenize': 'paymentMethod',
  'commands.payment_method.erase': 'id',
  'commands.quote.recall': 'quote',
  'commands.quote.issue': 'quote',
  'commands.agent.issue_key': 'agent',
  'commands.agent.revoke_key': 'agent',
  'commands.agent.suspend': 'agent',
  'commands.agent.resume': 'agent',
  'commands.processor_account.report_orphan': 'processor',
  'commands.processor_account.record': 'processor',
  'commands.webhook_endpoint.operate': 'id',
  'commands.webhook_endpoint.record': 'id',
  'commands.webhook_endpoint.sign': 'id',
};

/** What is equal for all commands that the same stream decides on; null where whoever asks cannot know the stream. */
export function streamAskedFor(subject: string, request: unknown): string | null {
  if (!Object.hasOwn(NAMED_BY, subject)) return null;
  const field = NAMED_BY[subject as keyof Named] as string;
  const id = (request as Record<string, unknown>)[field];
  return typeof id === 'string' ? id.replace(/^[a-z]+_/, '') : null;
}
