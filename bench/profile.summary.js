import { fileURLToPath } from 'node:url';
import { REPOSITORY } from './child.process.js';

/**
 * Self time in a V8 CPU profile between two instants (microseconds of the profile's own clock), by place and by function,
 * the largest first. Idle time is left out.
 * @param {{ nodes: any[], samples: number[], timeDeltas: number[], startTime: number }} profile
 * @param {{ from: number, to: number }} window
 */
export function selfTimes(profile, { from, to }) {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const [places, functions] = [new Map(), new Map()];
  let busyMs = 0;
  let now = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    now += profile.timeDeltas[index];
    // A sample stands for the time until the next one.
    const selfMs = (profile.timeDeltas[index + 1] ?? 0) / 1000;
    const frame = frames.get(id);
    if (now < from || now > to || frame.functionName === '(idle)') continue;
    busyMs += selfMs;
    const place = placeOf(frame);
    add(places, place, selfMs);
    add(functions, nameOf(frame, place), selfMs);
  }
  return { busyMs, places: sorted(places), functions: sorted(functions) };
}

function add(totals, name, selfMs) {
  totals.set(name, (totals.get(name) ?? 0) + selfMs);
}

function sorted(totals) {
  return [...totals]
    .map(([name, selfMs]) => ({ name, selfMs }))
    .sort((a, b) => b.selfMs - a.selfMs);
}

/** `libs/event-store/sqlite`, `node_modules/undici`, `node:internal`, or what V8 calls the rest. */
function placeOf({ url, functionName }) {
  if (url === '') return functionName.startsWith('(') ? functionName : 'native';
  if (url.startsWith('node:')) return url.split('/')[0];
  if (url.startsWith('wasm:')) return 'WebAssembly';
  const path = url.startsWith('file:') ? fileURLToPath(url) : url;
  const library = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path);
  if (library) return library[1];
  const parts = path
    .replace(REPOSITORY, '')
    .replace(/^dist\//, '')
    .split('/');
  return parts.slice(0, -1).slice(0, 3).join('/');
}

function nameOf({ functionName, url, lineNumber }, place) {
  if (url === '') return place === 'native' ? `${functionName} (native)` : place;
  const file = url.split('/').at(-1);
  return `${functionName || 'anonymous'} (${place}, ${file}:${lineNumber + 1})`;
}
