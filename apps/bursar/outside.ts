import { HttpTransportError } from '#platform';
import { SystemClock, SystemTimers } from '#platform/system';
import { OutwardHttpClient, UndiciHttpClient } from '#platform/undici';
import { GuardedProcessor, NoticeReaders, type Processor, ProcessorRegistry } from '#processors';
import { discoverSandboxDouble, discoverSandboxProcessors } from '#processors/sandbox';
import { ReservationDesk } from '#reservations';
import { createHttpReservationProvider, discoverSandboxMerchants } from '#reservations/http';
import { RateBoard } from '#rates';
import { WebhookSender } from '#webhooks';
import { openRateSources } from './rate.sources.js';
import { openAccounts } from './processors/accounts.js';
import { InvalidSettingsError } from './settings.error.js';
import type { Settings } from './settings.js';

const SANDBOX_WAIT_MS = 10_000;

/** A real processor is continents away, and the way there begins with three round trips. */
const CONNECT_TIMEOUT_MS = 2_000;

/** Everybody outside who is asked, processors and merchants, and those who are told. */
export interface Outside {
  readonly registry: ProcessorRegistry;
  /** Of those processors in the registry that send webhooks. */
  readonly noticeReaders: NoticeReaders;
  readonly reservations: ReservationDesk;
  readonly webhooks: WebhookSender;
  readonly rates: RateBoard;
  /** Aborts what is on its way. */
  close(): Promise<void>;
}

/**
 * Asks the sandbox, where there is one, what it has; it gets a while to answer.
 * @throws InvalidSettingsError
 */
export async function openOutside(
  sandboxUrl: string | null,
  {
    processors: chosen,
    reservationParticipants,
    webhooksAllowInternal: allowInternal,
    rates: rateSettings,
  }: Pick<Settings, 'processors' | 'reservationParticipants' | 'webhooksAllowInternal' | 'rates'>,
): Promise<Outside> {
  const [clock, timers] = [new SystemClock(), new SystemTimers()];
  const http = new UndiciHttpClient();
  const distant = new UndiciHttpClient({ connectTimeoutMs: CONNECT_TIMEOUT_MS });
  try {
    const simulated = sandboxUrl === null ? [] : await discover(sandboxUrl, http);
    const addressOf = (double: string) => discoverSandboxDouble(sandboxUrl ?? '', double, http);
    const accounts = await openAccounts(chosen, addressOf, distant);
    const processors = inOrder(chosen.order, [
      ...accounts.map(({ processor }) => processor),
      ...simulated,
    ]);
    const registry = new ProcessorRegistry(
      processors.map((processor) => new GuardedProcessor(processor, {}, { clock, timers })),
    );
    const readers = accounts.flatMap(({ reader }) => reader ?? []);
    const noticeReaders = new NoticeReaders(
      readers.filter(({ processor }) => registry.find(processor)),
    );
    const participants = [
      ...(sandboxUrl === null ? [] : await discoverSandboxMerchants(sandboxUrl, http)),
      ...reservationParticipants,
    ];
    const reservations = new ReservationDesk(
      participants.map((each) => createHttpReservationProvider(each, http)),
      timers,
    );
    const sources = await openRateSources(rateSettings, sandboxUrl, { near: http, distant });
    const { tolerancePpm } = rateSettings;
    const rates = new RateBoard(sources, clock, timers, { tolerancePpm });
    const outward = new OutwardHttpClient(allowInternal ? { mayConnect: () => true } : {});
    const webhooks = new WebhookSender(outward, clock, timers, { allowInternal });
    const close = async () => {
      registry.stop();
      await outward.close();
      await distant.close();
      await http.close();
    };
    return { registry, noticeReaders, reservations, webhooks, rates, close };
  } catch (error) {
    await distant.close();
    await http.close();
    throw error;
  }
}

/** Those that are named, and without names all. */
function inOrder(names: readonly string[], processors: readonly Processor[]): readonly Processor[] {
  if (names.length === 0) return processors;
  return names.map((name) => {
    const named = processors.find((processor) => processor.name === name);
    if (named) return named;
    const known = processors.map((processor) => processor.name).join(', ');
    throw new InvalidSettingsError([`BURSAR_PROCESSORS names ${name}; there are ${known}`]);
  });
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
