// What was checked and what came of it: one line of JSON for each check on standard output, which
// `cargo xtask interop` reads.

import { isDeepStrictEqual } from 'node:util';

/** A check that takes longer has failed. */
const LIMIT_MS = 60_000;

// This program ends with the one that started it.
process.stdin.on('end', () => process.exit(1)).resume();

export class Report {
  constructor(provider) {
    this.provider = provider;
  }

  /** Runs `attempt`; what it returns must equal `wanted`. */
  async check(name, wanted, attempt) {
    let got;
    try {
      got = await within(LIMIT_MS, attempt);
    } catch (error) {
      got = `${error}${error?.cause ? `: ${error.cause}` : ''}`;
    }
    this.#line(name, isDeepStrictEqual(got, wanted), wanted, got);
  }

  #line(check, ok, wanted, got) {
    const text = (value) => (typeof value === 'string' ? value : JSON.stringify(value));
    const line = { provider: this.provider, check, ok, wanted: text(wanted), got: text(got) };
    console.log(JSON.stringify(line));
  }
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The time that `attempt` took to return `wanted`, in milliseconds, or an error. */
export async function eventually(wanted, limitMs, attempt) {
  const start = Date.now();
  let got;
  while (Date.now() - start < limitMs) {
    got = await attempt();
    if (isDeepStrictEqual(got, wanted)) return Date.now() - start;
    await sleep(50);
  }
  throw new Error(`after ${limitMs} ms still ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
}

async function within(ms, attempt) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no result within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([attempt(), late]);
  } finally {
    clearTimeout(timer);
  }
}
