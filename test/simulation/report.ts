import type { Violation } from './checkers.js';

/** What a number of runs came to. */
export interface Report {
  seeds: number;
  /** Of all that happened in all runs, in whatever order they ran: equal seeds, equal hash. */
  hash: number;
  happenings: number;
  violations: (Violation & { seed: number; hash: string })[];
  /** How often each remarkable thing happened. */
  coverage: Record<string, number>;
}

/** What must happen now and then, or the simulation does not try hard enough. */
export const REMARKABLE: readonly string[] = [
  'crash',
  'two processes',
  ...[
    'PaymentIntentRequested and PolicyDecided',
    'ApprovalRequested and OperationRequested',
    'ReservationStarted and ReservationMade',
    'RouteRequested and RouteChosen',
    'AttemptStarted and AttemptPrepared',
    'AttemptStarted and AttemptNotExecuted',
    'AttemptPrepared and AttemptTakenOver',
    'AttemptTakenOver and PaymentAuthorized',
    'AttemptTakenOver and OutcomeUnknown',
    'ProbeScheduled and ProbeScheduled',
    'ProbeScheduled and PaymentAuthorized',
    'ProbeScheduled and AttemptDeclined',
    'CaptureStarted and PaymentCaptured',
    'CaptureStarted and OutcomeUnknown',
    'CaptureRequested and FraudScreened',
    'VoidStarted and AuthorizationVoided',
    'RefundStarted and RefundSucceeded',
    'RefundStarted and RefundAccepted',
    'CancelRequested and AttemptTakenOver',
    'RequestConcluded and ReservationConfirmed',
    'RequestConcluded and ReservationReleased',
  ].map((steps) => `crash between ${steps}`),
  'failover',
  'fence race lost',
  'kill switch',
  'attempt fenced',
  'attempt not_executed',
  'event NoticeReceived',
  'notice caused PaymentAuthorized',
  'notice caused PaymentCaptured',
  'notice caused AuthorizationVoided',
  'notice caused RefundSucceeded',
  'event OutcomeUnknown',
  'event AttemptTakenOver',
  'event ApprovalGranted',
  'event ApprovalDenied',
  'event CancelRequested',
  'event RefundAccepted',
  'event RefundFailed',
  'event RefundSucceeded',
  'event ReservationConfirmed',
  'event ReservationReleased',
  'event ReservationRetryScheduled',
  'event PaymentParked',
  'event PaymentUnparked',
  'failure possible_duplicate',
  'failure agent_suspended',
  'failure mandate_revoked',
  'failure mandate_limit_exceeded',
  'fault appendDoubtful',
  'fault appendRefused',
  'fault delivered_twice',
  'fault http500After',
  'fault http500Before',
  'fault httpAnswerLost',
  'fault httpGarbled',
  'fault httpRefused',
  'fault httpRequestLost',
  'fault noticeLost',
  'fault noticeTwice',
  'fault replyLost',
  'fault requestLost',
  'fault slow',
];

export function emptyReport(): Report {
  return { seeds: 0, hash: 0, happenings: 0, violations: [], coverage: {} };
}

export function addTo(report: Report, part: Report): void {
  report.seeds += part.seeds;
  report.hash = (report.hash ^ part.hash) >>> 0;
  report.happenings += part.happenings;
  report.violations.push(...part.violations);
  for (const [what, times] of Object.entries(part.coverage))
    report.coverage[what] = (report.coverage[what] ?? 0) + times;
}

/** The remarkable things that never happened. */
export function missing({ coverage }: Report): string[] {
  return REMARKABLE.filter((what) => (coverage[what] ?? 0) === 0);
}

/** Of one run; runs of two seeds that go alike do not cancel each other out. */
export function hashOf(seed: number, hash: string): number {
  return Math.imul(parseInt(hash, 16) ^ seed, 0x9e3779b1) >>> 0;
}

export function hexOf(hash: number): string {
  return hash.toString(16).padStart(8, '0');
}

export function print(report: Report, seconds: number): string {
  const { seeds, hash, happenings, violations, coverage } = report;
  const counted = Object.entries(coverage)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([what, times]) => `  ${String(times).padStart(9)}  ${what}`);
  const broken = violations
    .slice(0, 20)
    .map(
      ({ seed, hash, rule, what }) =>
        `VIOLATION of "${rule}": ${what}\n  npm run simulate -- --seed ${seed} --trace   # hash ${hash}`,
    );
  const never = missing(report).map((what) => `NEVER HAPPENED: ${what}`);
  return [
    '',
    'What happened:',
    ...counted,
    ...never,
    ...broken,
    `${seeds} seeds, ${happenings} happenings, hash ${hexOf(hash)}, ${(seeds / seconds).toFixed(1)} seeds a second, ${violations.length} violations`,
  ].join('\n');
}
