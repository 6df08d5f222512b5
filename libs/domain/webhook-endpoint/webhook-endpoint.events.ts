import type { OperationConcluded } from '../shared/operation.js';

/** One try to deliver one event, and what came of it. */
export interface WebhookAttempt {
  /** `evt_…` */
  event: string;
  /** Of the event, in the log. */
  position: number;
  /** Counts the tries of the event from 1; from 1 again when it is sent again, and after the endpoint was enabled. */
  attempt: number;
  /** `abandoned`: it was tried for as long as an event is, and is tried no more. */
  outcome: 'delivered' | 'failed' | 'abandoned';
  /** Of HTTP; null when there was no answer. */
  status: number | null;
  /** Why there was no answer, in a word; null when there was one. */
  evidence: string | null;
  durationMs: number;
  /** When it was tried. */
  at: string;
  /** When it is tried again; null when it is not. */
  dueAt: string | null;
}

/** `requested`: somebody asked for it. `failing`: nothing arrived for three days. `gone`: the receiver answered 410. */
export type WebhookDisabledReason = 'requested' | 'failing' | 'gone';

export type WebhookEndpointEvent =
  /** `secret`: names what the signing secret derives from; the secret itself is recorded nowhere. */
  | {
      type: 'WebhookEndpointRegistered';
      data: {
        id: string;
        tenant: string;
        /** Whose payments it hears of; null: those of the whole tenant. */
        agent: string | null;
        url: string;
        description: string | null;
        secret: string;
        by: string;
        at: string;
      };
    }
  /** The one before signs as well, until `previousUntil`. */
  | {
      type: 'WebhookSecretRotated';
      data: { secret: string; previousUntil: string; by: string; at: string };
    }
  | { type: 'WebhookEndpointEnabled'; data: { by: string; at: string } }
  | {
      type: 'WebhookEndpointDisabled';
      data: { reason: WebhookDisabledReason; by: string | null; at: string };
    }
  | { type: 'WebhookEndpointDeleted'; data: { by: string; at: string } }
  | {
      type: 'WebhookResendRequested';
      data: { event: string; position: number; by: string; at: string };
    }
  /** `upTo`: everything that the endpoint is to hear of up to this position of the log was tried; null: as before. */
  | {
      type: 'WebhookDeliveriesAttempted';
      data: { upTo: number | null; attempts: WebhookAttempt[]; at: string };
    }
  /** Something arrived after a long time: what waits for its next try is tried at once. */
  | { type: 'WebhookEndpointRecovered'; data: { at: string } }
  | OperationConcluded;
