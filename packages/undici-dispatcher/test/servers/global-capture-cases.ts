// Statistics of requests whose callers get no context.
import { deepEqual, equal, ok as holds, rejects } from 'node:assert/strict';

import { formatStatistics, getRetryStatistics, type RequestStatistics } from '@tenax/core';
import { captureRetryStatistics } from '@tenax/undici-dispatcher';
import { request } from 'undici';

import { ok, status, unavailable } from '../../../fetch-adapter/test/servers/flaky-server.ts';
import { type Cases, withRetries } from './global-retries.ts';

/** The statuses of every request. */
const statuses = (statistics: readonly RequestStatistics[]): unknown[] =>
  statistics.map(({ attempts }) => attempts.map((attempt) => attempt.status));

export const captureCases: Cases = {
  'a capture gives the value and the statistics of each request, in the order of their ends': () =>
    withRetries([unavailable, ok, status(404)], async ({ url }) => {
      const { value, statistics } = await captureRetryStatistics(async () => {
        const first = await fetch(url);
        const second = await fetch(`${url}missing`);
        return [await first.text(), second.status] as const;
      });
      deepEqual(value, ['ok', 404]);
      deepEqual(statuses(statistics), [[503, 200], [404]]);
      deepEqual(
        statistics.map(({ result }) => result),
        ['success', 'non_retryable_error'],
      );
      holds(formatStatistics(statistics[0]!).includes('503'));
    }),

  'a capture takes code that returns no promise, and code that makes no request': async () => {
    deepEqual(await captureRetryStatistics(() => 42), { value: 42, statistics: [] });
  },

  'a capture sees requests of undici as well as those of fetch': () =>
    withRetries([unavailable, ok], async ({ url }) => {
      const { value, statistics } = await captureRetryStatistics(() => request(url));
      await value.body.dump();
      deepEqual(statuses(statistics), [[503, 200]]);
      equal(getRetryStatistics(value.context)?.id, statistics[0]?.id);
    }),

  'an outer capture has what an inner one has, and what came before and after it': () =>
    withRetries([ok, unavailable, ok], async ({ url }) => {
      const outer = await captureRetryStatistics(async () => {
        await (await fetch(url)).text();
        const inner = await captureRetryStatistics(() => fetch(url));
        await inner.value.text();
        await (await fetch(url)).text();
        return inner.statistics;
      });
      deepEqual(statuses(outer.value), [[503, 200]]);
      deepEqual(statuses(outer.statistics), [[200], [503, 200], [200]]);
      equal(outer.statistics[1], outer.value[0]);
    }),

  'captures at the same time do not mix': () =>
    withRetries([ok], async ({ url }) => {
      const fetchOften = (count: number) =>
        captureRetryStatistics(async () => {
          for (let index = 0; index < count; index += 1) await (await fetch(url)).text();
        });
      const captured = await Promise.all([1, 2, 3, 4].map(fetchOften));
      deepEqual(
        captured.map(({ statistics }) => statistics.length),
        [1, 2, 3, 4],
      );
      const ids = captured.flatMap(({ statistics }) => statistics.map(({ id }) => id));
      equal(new Set(ids).size, 10);
    }),

  'a request outside of a capture leaves nothing in it': () =>
    withRetries([ok], async ({ url }) => {
      const outside = fetch(url);
      const { statistics } = await captureRetryStatistics(async () => (await outside).text());
      deepEqual(statistics, []);
    }),

  'the list grows while the code runs, and is there when the code throws': () =>
    withRetries([unavailable, ok, status(404)], async ({ url }) => {
      const failure = new Error('of the code');
      const lengths: number[] = [];
      let list: readonly RequestStatistics[] = [];
      const captured = captureRetryStatistics(async (statistics) => {
        list = statistics;
        for (let index = 0; index < 2; index += 1) {
          lengths.push(statistics.length);
          await (await fetch(url)).text();
        }
        throw failure;
      });
      await rejects(captured, (error) => error === failure);
      deepEqual(lengths, [0, 1]);
      deepEqual(statuses(list), [[503, 200], [404]]);
    }),

  'what was given does not grow when a request ends after the code': () =>
    withRetries([ok], async ({ url }) => {
      let late: Promise<Response> | undefined;
      const { statistics } = await captureRetryStatistics(() => {
        late = fetch(url);
      });
      await (await late!).text();
      deepEqual(statistics, []);
    }),
};
