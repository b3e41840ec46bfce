// The example of the README: a 401 refreshes the token, once for all requests that met it, and is then repeated.
import type { RetryOptions } from '@tenax/core';
import { create } from 'axios';
import { describe, expect, it } from 'vitest';

import { flakyServer, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { attachRetry } from '../src/index.ts';
import { ADAPTERS, AT_ONCE, attached, failureOf } from './servers/attached.ts';

const guarded: Answer = (response, _, { headers }) => {
  response.writeHead(headers.authorization === 'Bearer new' ? 200 : 401).end('answer');
};

/** Retries that refresh the token, and how often they did. */
function refreshing(): { options: RetryOptions; count: () => number } {
  let refreshes = 0;
  let refresh: Promise<string> | undefined;
  const newToken = async (): Promise<string> => {
    refreshes += 1;
    await new Promise(setImmediate);
    return 'new';
  };
  return {
    options: {
      shouldRetry: (outcome) =>
        outcome.kind === 'error' && outcome.response?.status === 401 ? true : undefined,
      hooks: {
        beforeRetry: async ({ headers, reason }) => {
          if (reason !== 'should_retry') return;
          refresh ??= newToken();
          headers.set('Authorization', `Bearer ${await refresh}`);
        },
      },
    },
    count: () => refreshes,
  };
}

describe.each(ADAPTERS)('with the %s adapter', (adapter) => {
  it('a hundred concurrent 401s refresh the token once', async () => {
    await using server = await flakyServer(guarded);
    const { options, count } = refreshing();
    const instance = attached(options, { adapter, headers: { Authorization: 'Bearer old' } });
    const responses = await Promise.all(Array.from({ length: 100 }, () => instance.get(server.url)));
    expect(responses.every(({ status }) => status === 200)).toBe(true);
    expect([count(), server.requests.length]).toEqual([1, 200]);
  });

  it('the new header replaces the old one, for every attempt that follows', async () => {
    await using server = await flakyServer((response) => response.writeHead(401).end(), unavailable, guarded);
    const { options } = refreshing();
    const instance = attached(options, { adapter, headers: { authorization: 'Bearer old' } });
    const response = await instance.put(server.url, { a: 1 });
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer old',
      'Bearer new',
      'Bearer new',
    ]);
    expect(response.config.headers.get('Authorization')).toBe('Bearer new');
  });
});

describe('hooks', () => {
  it('EDGE 10: that throw change nothing', async () => {
    await using server = await flakyServer(unavailable);
    const fail = (): never => {
      throw new Error('hook');
    };
    const hooks = { onAttempt: fail, onRetry: fail, beforeRetry: fail, onGiveUp: fail, onSuccess: fail };
    const error = await failureOf(attached({ hooks }).get(server.url));
    expect([error.response?.status, server.requests.length]).toEqual([503, 3]);
  });

  it('attemptHeaders tell the server the number of the attempt', async () => {
    await using server = await flakyServer(unavailable);
    const instance = create();
    using _ = attachRetry(instance, { ...AT_ONCE, attemptHeaders: true });
    await failureOf(instance.get(server.url));
    expect(server.requests.map(({ headers }) => headers['x-retry-attempt'])).toEqual(['1', '2', '3']);
  });
});
