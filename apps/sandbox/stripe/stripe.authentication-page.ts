import type { Incoming } from '../faulty.server.js';
import { answer, type Answer } from '../json-http.js';
import type { StripeBooks } from './stripe.books.js';
import type { Intent } from './stripe.records.js';
import { StripeRefusal } from './stripe.refusal.js';

const PATH = /^\/3d_secure\/([A-Za-z0-9_]+)$/;

/**
 * Where the buyer is sent for 3-D Secure. `?outcome=success` and `?outcome=failure` are the two buttons; both lead back to
 * the return address, as at the real one. Undefined: the request is about something else.
 */
export function authenticationPage(
  books: StripeBooks,
  { method, path, query }: Incoming,
): (() => Answer) | undefined {
  const [, id] = PATH.exec(path) ?? [];
  if (id === undefined || method !== 'GET') return undefined;
  return () => {
    try {
      return pageOf(books, books.find(id), query.get('outcome'));
    } catch (error) {
      return error instanceof StripeRefusal ? error.toAnswer() : answer(500, {});
    }
  };
}

function pageOf(books: StripeBooks, intent: Intent, outcome: string | null): Answer {
  const { action } = intent;
  if (!action) return html(200, '<p>There is nothing to do here any more.</p>');
  if (outcome !== 'success' && outcome !== 'failure') {
    const link = (each: string) => `<a href="?outcome=${each}">${each}</a>`;
    return html(200, `<h1>3D Secure 2 test page</h1><p>${link('success')} ${link('failure')}</p>`);
  }
  books.authenticate(intent, outcome === 'success');
  if (!URL.canParse(action.returnUrl)) return html(200, '<p>Done.</p>');
  const back = new URL(action.returnUrl);
  back.searchParams.set('payment_intent', intent.id);
  back.searchParams.set('redirect_status', outcome === 'success' ? 'succeeded' : 'failed');
  return { status: 302, body: '', headers: { location: back.href } };
}

const html = (status: number, body: string): Answer => ({
  status,
  body: `<!doctype html><title>Stripe sandbox</title>${body}`,
  headers: { 'content-type': 'text/html; charset=utf-8' },
});
