/**
 * A Markdown table as the formatter of this repository leaves it; the first column to the left, the others to the right.
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
export function table(head, rows) {
  const width = (column) => Math.max(3, ...[head, ...rows].map((row) => row[column].length));
  const widths = head.map((_, column) => width(column));
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const aligned = (row) =>
    line(row.map((cell, column) => cell[column === 0 ? 'padEnd' : 'padStart'](widths[column])));
  const rule = widths.map((each, column) =>
    column === 0 ? '-'.repeat(each) : `${'-'.repeat(each - 1)}:`,
  );
  return [aligned(head), line(rule), ...rows.map(aligned)].join('\n');
}

/** @param {any} report */
export function renderReport({ machine, rounds, seconds, perPayment, floors, cells }) {
  const latencies = [...new Set(cells.map(({ latencyMs }) => latencyMs))];
  return [
    machineLine(machine, `${rounds} round(s) of ${seconds} s per cell; medians.`),
    ...latencies.flatMap((latencyMs) => [
      `Processors that answer ${latencyMs === 0 ? 'at once' : `after ${latencyMs} ms`}:`,
      cellTable(cells.filter((cell) => cell.latencyMs === latencyMs)),
    ]),
    'What one payment takes of the store and of the processors:',
    usageTable(cells),
    `An append holds ${fixed(perPayment.events / perPayment.appends, 1)} events of ${fixed(perPayment.characters / perPayment.events)} characters; a payment, ${fixed(perPayment.events, 1)} events.`,
    floors.map(floorLine).join(' '),
  ].join('\n\n');
}

function floorLine({ commits, calls }, index) {
  return `Floor ${index + 1} makes ${commits} appends and ${calls} calls.`;
}

/** @param {any} machine @param {string} how */
export function machineLine({ date, cpu, cores, node, sync }, how) {
  return (
    `${date}, ${cpu} with ${cores} cores, Node ${node}; one 4 KiB fdatasync takes ` +
    `${fixed(sync.p50Ms, 2)} ms (p99 ${fixed(sync.p99Ms, 2)} ms). ${how}`
  );
}

function cellTable(cells) {
  const head = ['connections', 'system', 'payments/s', 'lowest–highest', 'p50 ms', 'p99 ms'];
  const rows = cells
    .toSorted((a, b) => a.connections - b.connections || (a.system < b.system ? -1 : 1))
    .map((cell) => [
      String(cell.connections),
      cell.system,
      fixed(cell.perSecond),
      `${fixed(cell.lowestPerSecond)}–${fixed(cell.highestPerSecond)}`,
      fixed(cell.p50Ms, 2),
      fixed(cell.p99Ms, 2),
      fixed(cell.cpuSecondsPer1000, 2),
      fixed(cell.rssMb),
      cell.system === 'Bursar' ? '' : percent(shareOf(cells, cell)),
    ]);
  return table([...head, 'CPU s per 1,000', 'RSS MB', 'Bursar reaches'], rows);
}

/** Bursar's throughput as a share of this floor's. */
function shareOf(cells, { connections, perSecond }) {
  const bursar = cells.find((each) => each.connections === connections && each.system === 'Bursar');
  return bursar.perSecond / perSecond;
}

function usageTable(cells) {
  const head = ['connections', 'latency ms', 'appends', 'syncs of the disk', 'processor calls'];
  const rows = cells
    .filter(({ system }) => system === 'Bursar')
    .map((cell) => [
      String(cell.connections),
      String(cell.latencyMs),
      fixed(cell.appendsPerPayment, 2),
      fixed(cell.commitsPerPayment, 2),
      fixed(cell.callsPerPayment, 2),
    ]);
  return table(head, rows);
}

/** @param {number} number @param {number} [digits] */
export function fixed(number, digits = 0) {
  const text = number.toFixed(digits);
  return digits === 0 ? text.replace(/\B(?=(\d{3})+$)/g, ',') : text;
}

/** @param {number} share */
export function percent(share) {
  return `${(share * 100).toFixed(1)} %`;
}
