// Programs that this one starts: the API, and providers that are not written for Node. Each ends when
// its standard input is closed, which happens with this program at the latest.

import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

import { sleep } from './report.mjs';

/** Where this run's programs and logs are: set by `cargo xtask interop`. */
export const place = (name) => {
  const value = process.env[`INTEROP_${name}`];
  if (!value) throw new Error(`INTEROP_${name} is not set: run \`cargo xtask interop\``);
  return value;
};

let logs = 0;
const children = [];
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

/** Starts a program whose standard error, and output if `lines` is not wanted, go to a log. */
export function start(command, options, { input = '', env = {}, lines = false } = {}) {
  logs += 1;
  const log = openSync(`${place('LOG')}-${logs}.log`, 'w');
  const child = spawn(command, options, {
    stdio: ['pipe', lines ? 'pipe' : log, log],
    env: { ...process.env, ...env },
  });
  child.stdin.on('error', () => {});
  child.stdin.write(input);
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.on('error', (error) => console.error(`${command}: ${error}`));
  children.push(child);
  return {
    child,
    ended,
    stop: async () => {
      child.stdin.end();
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** The first line that a program prints. */
export async function firstLine({ child, ended }) {
  const line = new Promise((resolve) => createInterface(child.stdout).once('line', resolve));
  const first = await Promise.race([line, ended.then((code) => ({ code }))]);
  if (typeof first !== 'string') throw new Error(`ended before it was ready (${first.code}); see its log`);
  return first;
}

/** A port of loopback that was free a moment ago. */
export function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Waits until a server answers. */
export async function answers(url) {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    try {
      return await fetch(url);
    } catch {
      await sleep(100);
    }
  }
  throw new Error(`${url} does not answer`);
}

/** Starts a provider that is written in Python, and returns its issuer. */
export function startProvider(program, env) {
  const path = new URL(`python/${program}`, import.meta.url).pathname;
  return firstLine(start(place('PYTHON'), [path], { env, lines: true }));
}
