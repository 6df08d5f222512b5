import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('../', import.meta.url));

const ATTENDANT = new URL('./attendant.preload.js', import.meta.url).href;
const START_WITHIN_MS = 30_000;
const END_WITHIN_MS = 15_000;

/**
 * Starts a program in a Node process of its own; resolves with what `ready` finds in its output.
 * @param {string[]} program path from the repository's root, and arguments
 * @param {{ env: Record<string, string>, ready: RegExp, nodeOptions?: string[] }} options the first group of `ready` is the answer
 */
export async function startProgram(program, { env, ready, nodeOptions = [] }) {
  const { PATH = '', HOME = '', TMPDIR = '' } = process.env;
  const child = spawn(process.execPath, [...nodeOptions, '--import', ATTENDANT, ...program], {
    cwd: REPOSITORY,
    env: { PATH, HOME, ...(TMPDIR && { TMPDIR }), ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Ctrl-C is for the benchmark, which ends its children in order.
    detached: true,
  });
  const exited = once(child, 'exit');
  let output = '';
  const listen = (chunk) => {
    output = (output + chunk).slice(-10_000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);

  let ending = false;
  const end = async () => {
    ending = true;
    if (child.exitCode === null) child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS);
    await exited;
    clearTimeout(killer);
  };
  const found = await new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`${program[0]} did not start:\n${output}`));
    const timer = setTimeout(fail, START_WITHIN_MS);
    const look = () => {
      const match = ready.exec(output);
      if (!match) return;
      clearTimeout(timer);
      resolve(match[1]);
    };
    child.stdout.on('data', look);
    child.once('exit', fail);
  }).catch(async (error) => {
    await end();
    throw error;
  });
  child.once('exit', (code, signal) => {
    if (!ending) process.stderr.write(`${program[0]} ended with ${code ?? signal}:\n${output}\n`);
  });

  return {
    /** @type {string} */
    found,
    end,
    /** @returns {Promise<{ cpuMs: number, rssBytes: number, requests: number }>} since it started */
    usage: async () => {
      child.send('usage');
      const [answer] = await once(child, 'message');
      return answer;
    },
  };
}
