// The smoke suite: what the built packages must do in every runtime. It uses nothing but the platform's own globals.
import { getRetryStatistics } from '@tenax/core';
import { createRetryingFetch } from '@tenax/fetch-adapter';

/**
 * @typedef {object} Place where to send requests
 * @property {string} base the server of `server.ts`, without a slash at its end
 * @property {string} refused a URL at which nothing listens
 * @property {Readonly<Record<string, string>>} [skip] the cases this runtime can't run, each with its reason
 */
/**
 * @typedef {object} Result
 * @property {string} name
 * @property {'passed' | 'failed' | 'skipped'} outcome
 * @property {string} [detail] why it failed or was skipped
 */
/** @typedef {{ attempt: number, method: string, bytes: number, body: string }} Echo */

const retrying = createRetryingFetch({ baseDelay: 1, throttledBaseDelay: 1 });

/** @type {Readonly<Record<string, (place: Place) => Promise<void>>>} */
const cases = {
  async '503 twice, then a success'({ base }) {
    const response = await retrying(`${base}/flaky?id=${id()}&failures=2`);
    equal(response.status, 200);
    equal((await echo(response)).attempt, 3);
    equal(getRetryStatistics(response)?.attempts.length, 3);
  },

  async 'connection refused'({ refused }) {
    const error = await rejection(retrying(refused, { retry: { maxAttempts: 2 } }));
    equal(getRetryStatistics(error)?.attempts.length, 2);
  },

  async 'connection reset, GET'({ base }) {
    const response = await retrying(`${base}/reset?id=${id()}`);
    equal(response.status, 200);
    equal((await echo(response)).attempt, 2);
  },

  async 'connection reset, POST'({ base }) {
    const key = id();
    const error = await rejection(retrying(`${base}/reset?id=${key}`, { method: 'POST', body: 'once' }));
    equal(getRetryStatistics(error)?.attempts.length, 1);
    equal(await sent(base, key), 1);
  },

  async 'stream body'({ base }) {
    const init = {
      method: 'POST',
      duplex: 'half',
      body: stream(['first ', 'second ', 'third']),
      retry: { methods: ['POST'] },
    };
    const response = await retrying(`${base}/flaky?id=${id()}&failures=2`, init);
    equal(response.status, 200);
    const { attempt, bytes, body } = await echo(response);
    equal(attempt, 3);
    equal(bytes, 18);
    equal(body, 'first second third');
  },

  async 'JSON body'({ base }) {
    const text = JSON.stringify({ text: 'Grüße', list: [1, 2, 3] });
    const response = await retrying(`${base}/flaky?id=${id()}&failures=2`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: text,
    });
    equal(response.status, 200);
    const { attempt, body } = await echo(response);
    equal(attempt, 3);
    equal(body, text);
  },

  async 'abort during a wait'({ base }) {
    const key = id();
    const reason = { words: 'the caller knows why' };
    const controller = new AbortController();
    const pending = retrying(`${base}/flaky?id=${key}&failures=9`, {
      signal: controller.signal,
      retry: { baseDelay: 20_000, jitter: 'none' },
    });
    setTimeout(() => controller.abort(reason), 200);
    const start = Date.now();
    equal(await rejection(pending), reason);
    if (Date.now() - start > 5_000) throw new Error('the wait went on after the abort');
    equal(await sent(base, key), 1);
  },

  async 'Retry-After: 0'({ base }) {
    const start = Date.now();
    const response = await retrying(`${base}/flaky?id=${id()}&failures=1&retry-after=0`);
    equal(response.status, 200);
    equal((await echo(response)).attempt, 2);
    if (Date.now() - start > 2_000) throw new Error('waited longer than the server asked');
  },

  async 'retry: false'({ base }) {
    const key = id();
    const response = await retrying(`${base}/flaky?id=${key}&failures=2`, { retry: false });
    equal(response.status, 503);
    await response.text();
    equal(await sent(base, key), 1);
  },
};

/**
 * @param {Place} place
 * @returns {Promise<Result[]>}
 */
export async function runSuite(place) {
  /** @type {Result[]} */
  const results = [];
  for (const [name, run] of Object.entries(cases)) {
    const reason = place.skip?.[name];
    if (reason !== undefined) {
      results.push({ name, outcome: 'skipped', detail: reason });
      continue;
    }
    try {
      await within(run(place), 20_000);
      results.push({ name, outcome: 'passed' });
    } catch (error) {
      results.push({
        name,
        outcome: 'failed',
        detail: error instanceof Error ? describe(error) : String(error),
      });
    }
  }
  return results;
}

/** A name for one case's own counter at the server. */
function id() {
  return crypto.randomUUID();
}

/**
 * @param {Response} response
 * @returns {Promise<Echo>}
 */
async function echo(response) {
  return /** @type {Echo} */ (await response.json());
}

/**
 * How many requests the server has seen under an id.
 * @param {string} base
 * @param {string} key
 */
async function sent(base, key) {
  const response = await fetch(`${base}/count?id=${key}`);
  return Number(await response.text());
}

/** @param {readonly string[]} chunks */
function stream(chunks) {
  const left = chunks.map((chunk) => new TextEncoder().encode(chunk));
  return new ReadableStream({
    pull(controller) {
      const chunk = left.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
  });
}

/**
 * @param {Promise<unknown>} promise
 * @returns {Promise<object>}
 */
async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    if (typeof error === 'object' && error !== null) return error;
    throw new Error(`rejected with ${String(error)}`, { cause: error });
  }
  throw new Error('did not reject');
}

/**
 * @param {unknown} actual
 * @param {unknown} expected
 */
function equal(actual, expected) {
  if (Object.is(actual, expected)) return;
  if (actual instanceof Error) throw new Error(`got the error ${describe(actual)}`, { cause: actual });
  throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}

/** @param {Error} error */
function describe(error) {
  return `${error.name}: ${error.message}${error.cause instanceof Error ? ` (${error.cause.message})` : ''}`;
}

/**
 * @param {Promise<void>} promise
 * @param {number} ms
 */
async function within(promise, ms) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${ms} ms`)), ms);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
