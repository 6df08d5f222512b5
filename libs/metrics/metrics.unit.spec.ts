import { expect, it } from 'vitest';
import { Metrics } from './metrics.js';

it('counts the syncs of the log and what they made durable', async () => {
  const metrics = new Metrics();
  metrics.countCommit({ appends: 2, events: 5, size: 1_000 });
  metrics.countCommit({ appends: 1, events: 1, size: 200 });
  const lines = (await metrics.text()).split('\n');
  expect(lines).toContain('bursar_log_commits_total 2');
  expect(lines).toContain('bursar_log_appends_total 3');
  expect(lines).toContain('bursar_log_events_total 6');
  expect(lines).toContain('bursar_log_characters_total 1200');
});

it('counts the commands that were decided and the races they lost', async () => {
  const metrics = new Metrics();
  metrics.countCommands(3);
  metrics.countCommands(1);
  metrics.countConflict();
  const lines = (await metrics.text()).split('\n');
  expect(lines).toContain('bursar_commands_total 4');
  expect(lines).toContain('bursar_command_conflicts_total 1');
});

it('counts what comparisons with a processor found', async () => {
  const metrics = new Metrics();
  metrics.countDifferences('one', { expected: 3, unexpected: 2 });
  metrics.countDifferences('one', { expected: 0, unexpected: 1 });
  const lines = (await metrics.text()).split('\n');
  const name = 'bursar_reconciliation_differences_total';
  expect(lines).toContain(`${name}{processor="one",expected="true"} 3`);
  expect(lines).toContain(`${name}{processor="one",expected="false"} 3`);
});
