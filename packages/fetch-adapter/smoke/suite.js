// The smoke suite: what the built packages must do in every runtime. It uses nothing but the platform's own globals.
import { getRetryStatistics } from '@tenax/core';
import { createRetryingFetch } from '@tenax/fetch-adapter';

import { equal, id, rejection, runCases, sent } from './cases.js';

/** @typedef {import('./cases.js').Place} Place */
/** @typedef {{ attempt: number, method: string, headers: Record<string, string>, bytes: number, body: string }} Echo */

const retrying = createRetryingFetch({ baseDelay: 1, throttledBaseDelay: 1 });

/** @type {Readonly<Record<string, (place: Place) => Promise<void>>>} */
const cases = {
  async '503 twice, then a success'({ base }) {
    const response = await retrying(`${base}/flaky?id=${id()}&failures=2`);
    equal(response.status, 200);
    equal((await echo(response)).attempt, 3);
    equal(getRetryStatistics(response)?.attempts.length, 3);
  },

  async 'the platform’s own fetch, given as an option'({ base }) {
    const response = await createRetryingFetch({ fetch: globalThis.fetch })(
      `${base}/flaky?id=${id()}&failures=0`,
    );
    equal(response.status, 200);
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
      duplex: /** @type {const} */ ('half'),
      body: stream(['first ', 'second ', 'third']),
      retry: { methods: ['POST'] },
    };
    const response = await retrying(`${base}/flaky?id=${id()}&failures=2`, init);
    equal(response.status, 200);
    const { attempt, bytes, body } = await echo(response);
    equal(attempt, 3);
    equal(bytes, 18);
    equal(body, 'first second third');
    // Some runtimes know the length of a stream of their own.
    const known = () => ({ ...init, body: new Response('known').body });
    const bare = await echo(await fetch(`${base}/flaky?id=${id()}&failures=0`, known()));
    const same = await echo(await retrying(`${base}/flaky?id=${id()}&failures=0`, known()));
    equal(same.headers['content-length'], bare.headers['content-length']);
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

  async 'body of a Request'({ base }) {
    const request = (failures = 0) =>
      new Request(`${base}/flaky?id=${id()}&failures=${failures}`, {
        method: 'PUT',
        body: new URLSearchParams({ text: 'Grüße' }),
      });
    const bare = await echo(await fetch(request()));
    for (const failures of [0, 1]) {
      const { body, headers } = await echo(await retrying(request(failures)));
      equal(body, bare.body);
      equal(headers['content-type'], bare.headers['content-type']);
      equal(headers['content-length'], bare.headers['content-length']);
    }
    equal((await echo(await retrying(new Request(request(1))))).body, bare.body);
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

  async 'download that breaks off'({ base }) {
    const url = `${base}/download?id=${id()}`;
    const response = await retrying(url, { retry: { resume: true } });
    const clone = response.clone();
    equal(clone.url, url);
    equal(await response.text(), '0123456789');
    equal(await clone.text(), '0123456789');
    const bare = await fetch(url);
    const again = await retrying(url, { retry: { resume: true } });
    equal(isByteStream(again), isByteStream(bare));
    equal(await again.text(), await bare.text());
  },

  async 'download that is aborted'({ base }) {
    const reason = new Error('the caller knows why');
    for (const copied of [false, true]) {
      const controller = new AbortController();
      const response = await retrying(`${base}/download?id=${id()}&stalls=true`, {
        signal: controller.signal,
        retry: { resume: true },
      });
      const text = (copied ? response.clone() : response).text();
      controller.abort(reason);
      equal(await rejection(text), reason);
    }
  },

  async 'referrer policy of a Request'({ base }) {
    const request = () =>
      new Request(`${base}/flaky?id=${id()}&failures=1`, { referrerPolicy: 'no-referrer' });
    const response = await retrying(request(), { retry: { attemptTimeout: 20_000 } });
    equal((await echo(response)).headers['referer'], undefined);
  },
};

/**
 * @param {Place} place
 * @returns {Promise<import('./cases.js').Result[]>}
 */
export async function runSuite(place) {
  return runCases(cases, place);
}

/**
 * @param {Response} response
 * @returns {Promise<Echo>}
 */
async function echo(response) {
  return /** @type {Echo} */ (await response.json());
}

/** @param {Response} response */
function isByteStream({ body }) {
  try {
    body?.getReader({ mode: 'byob' }).releaseLock();
    return true;
  } catch {
    return false;
  }
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
