import { HttpTransportError } from '#platform';
import { SystemClock, SystemTimers } from '#platform/system';
import { OutwardHttpClient, UndiciHttpClient } from '#platform/undici';
import { GuardedProcessor, ProcessorRegistry } from '#processors';
import { discoverSandboxProcessors } from '#processors/sandbox';
import { ReservationDesk } from '#reservations';
import { createHttpReservationProvider, discoverSandboxMerchants } from '#reservations/http';
import { WebhookSender } from '#webhooks';
import type { Settings } from './settings.js';

const SANDBOX_WAIT_MS = 10_000;

/** Everybody outside who is asked, processors and merchants, and those who are told. */
export interface Outside {
  readonly registry: ProcessorRegistry;
  readonly reservations: ReservationDesk;
  readonly webhooks: WebhookSender;
  /** Aborts what is on its way. */
  close(): Promise<void>;
}

/** Asks the sandbox what it has, which gets a while to answer. */
export async function openOutside(
  sandboxUrl: string,
  {
    reservationParticipants,
    webhooksAllowInternal: allowInternal,
  }: Pick<Settings, 'reservationParticipants' | 'webhooksAllowInternal'>,
): Promise<Outside> {
  const [clock, timers] = [new SystemClock(), new SystemTimers()];
  const http = new UndiciHttpClient();
  try {
    const processors = await discover(sandboxUrl, http);
    const registry = new ProcessorRegistry(
      processors.map((processor) => new GuardedProcessor(processor, {}, { clock, timers })),
    );
    const participants = [
      ...(await discoverSandboxMerchants(sandboxUrl, http)),
      ...reservationParticipants,
    ];
    const reservations = new ReservationDesk(
      participants.map((each) => createHttpReservationProvider(each, http)),
      timers,
    );
    const outward = new OutwardHttpClient(allowInternal ? { mayConnect: () => true } : {});
    const webhooks = new WebhookSender(outward, clock, timers, { allowInternal });
    const close = async () => {
      registry.stop();
      await outward.close();
      await http.close();
    };
    return { registry, reservations, webhooks, close };
  } catch (error) {
    await http.close();
    throw error;
  }
}

async function discover(sandboxUrl: string, http: UndiciHttpClient) {
  const clock = new SystemClock();
  const timers = new SystemTimers();
  const giveUpAtMs = clock.monotonicMs() + SANDBOX_WAIT_MS;
  for (;;) {
    try {
      return await discoverSandboxProcessors(sandboxUrl, http);
    } catch (error) {
      const patient = error instanceof HttpTransportError && clock.monotonicMs() < giveUpAtMs;
      if (!patient) throw error;
      await new Promise<void>((resolve) => timers.after(100, resolve));
    }
  }
}
