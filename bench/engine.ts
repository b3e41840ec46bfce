// What an operation costs that succeeds at once, on no network: with retries alone, and with timeouts, budget and breaker.
import { setTimeout as delay } from 'node:timers/promises';

import { createRetryEngine } from '@tenax/core';
import type { RetryOptions } from '@tenax/core';

import { compareCalls } from './calls.ts';
import { peers } from './peers/all.ts';
import type { PeerName } from './peers/all.ts';
import type { GuardSettings } from './peers/peer.ts';
import { publish } from './publish.ts';

const work = async (): Promise<number> => 1;
const RETRIES = { maxAttempts: 3, wait: 100 };
const ATTEMPT_TIMEOUT = 5_000;
const TIMEOUTS: RetryOptions = { timeout: 10_000, attemptTimeout: ATTEMPT_TIMEOUT };
const RETRIES_ALONE = { seconds: 25, goals: { time: 60, bytes: 700 } };
const GUARDED = { seconds: 20, goals: { time: 400, bytes: 1_500 } };

const bare = () => work;

const engine =
  (options: RetryOptions = {}) =>
  () => {
    const made = createRetryEngine(options);
    return () => made.execute(work);
  };

/**
 * The least that says how long an attempt took and how many there were: what statistics add to a loop, before any of
 * them is put anywhere.
 */
function timedLoop(): () => Promise<number> {
  const sums = { attempts: 0, time: 0 };
  const run = async (operation: typeof work): Promise<number> => {
    for (let attempt = 1; ; attempt += 1) {
      const start = performance.now();
      try {
        return await operation();
      } catch (error) {
        if (attempt === RETRIES.maxAttempts) throw error;
        await delay(RETRIES.wait);
      } finally {
        sums.attempts += 1;
        sums.time += performance.now() - start;
      }
    }
  };
  return () => run(work);
}

/** The least that ends an attempt when its time is up: a timer, and a promise that whatever comes first settles. */
const timed = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('timeout')), ATTEMPT_TIMEOUT);
    work().then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });

const retrying =
  (name: PeerName, operation = work) =>
  async () => {
    const run = (await peers[name]()).retrying?.(RETRIES);
    if (run === undefined) throw new Error(`${name} does not retry`);
    return () => run(operation);
  };

const guarded = (name: PeerName, settings: GuardSettings) => async () => {
  const run = (await peers[name]()).guarded?.(settings);
  if (run === undefined) throw new Error(`${name} has no guards`);
  return () => run(work);
};

const retriesAlone = await compareCalls(
  import.meta.url,
  'retries alone',
  {
    'the function, bare': bare,
    'the function, bare again': bare,
    'Tenax, defaults': engine(),
    'Tenax, no budget': engine({ budget: false }),
    'minimal loop': retrying('minimal loop'),
    'minimal loop, two readings of the clock': () => timedLoop(),
    cockatiel: retrying('cockatiel'),
    'p-retry': retrying('p-retry'),
    '@smithy/util-retry': retrying('@smithy/util-retry'),
    'opossum, no timeout': guarded('opossum', {}),
    'async-retry': retrying('async-retry'),
    'exponential-backoff': retrying('exponential-backoff'),
    effect: retrying('effect'),
  },
  RETRIES_ALONE,
);
const withGuards = await compareCalls(
  import.meta.url,
  'with guards',
  {
    'the function, bare': bare,
    'the function, bare again': bare,
    'Tenax, both timeouts, budget and breaker': engine({ ...TIMEOUTS, circuitBreaker: {} }),
    'Tenax, both timeouts': engine(TIMEOUTS),
    'minimal loop, a timer for each attempt': retrying('minimal loop', timed),
    'cockatiel, retry, breaker and timeout': guarded('cockatiel', { attemptTimeout: ATTEMPT_TIMEOUT }),
    'opossum, breaker and timeout': guarded('opossum', { attemptTimeout: ATTEMPT_TIMEOUT }),
    'effect, retry and timeout': guarded('effect', { attemptTimeout: ATTEMPT_TIMEOUT }),
  },
  GUARDED,
);

if (retriesAlone && withGuards) {
  publish({
    name: 'engine',
    title: 'An operation that succeeds at once',
    method: [
      'A loop over `await call()`.',
      "Tenax' statistics are on and its default budget too; the retries of the peers have none. Where Tenax has two timeouts, peers have one, of an attempt. opossum does not retry, effect has no breaker.",
      'Bytes are what the heap grows by while nothing is collected.',
    ],
    tables: [retriesAlone, withGuards],
  });
}
