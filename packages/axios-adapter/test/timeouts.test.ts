// axios' own `timeout` bounds an attempt, `retry.timeout` the operation.
import axios, { isCancel } from 'axios';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, silence, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { ADAPTERS, attached, failureOf } from './servers/attached.ts';

describe.each(ADAPTERS)('with the %s adapter', (adapter) => {
  it("EDGE 31: timeout is one attempt's, and the next one has it whole", async () => {
    await using server = await flakyServer(silence, silence, ok);
    const response = await attached({}, { adapter }).get(server.url, { timeout: 300 });
    expect([response.data, server.requests.length]).toEqual(['ok', 3]);
    const classes = response.retry?.attempts.map(({ failureClass }) => failureClass);
    expect(classes?.slice(0, 2)).not.toContain('permanent');
  });

  it.each([true, false])(
    'EDGE 31: its error is that of bare axios, clarifyTimeoutError %s',
    async (clarify) => {
      await using server = await flakyServer(silence);
      const config = { adapter, timeout: 300, transitional: { clarifyTimeoutError: clarify } };
      const error = await failureOf(attached({ maxAttempts: 2 }).get(server.url, config));
      const bare = await failureOf(axios.get(server.url, config));
      expect([error.code, error.message, error.name]).toEqual([bare.code, bare.message, bare.name]);
      expect(server.requests).toHaveLength(3);
    },
  );

  it('EDGE 31: 0 means none', async () => {
    await using server = await flakyServer(unavailable, ok);
    expect((await attached({}, { adapter }).get(server.url, { timeout: 0 })).data).toBe('ok');
  });

  it('a POST that timed out is not sent again', async () => {
    await using server = await flakyServer(silence, ok);
    const error = await failureOf(attached({}, { adapter }).post(server.url, { a: 1 }, { timeout: 300 }));
    expect([error.retry?.reason, server.requests.length]).toEqual(['method_not_idempotent', 1]);
  });

  it('EDGE "an attempt timeout\'s signal reused": attemptTimeout is new for each attempt', async () => {
    await using server = await flakyServer(silence, silence, ok);
    const response = await attached({ attemptTimeout: 300 }, { adapter }).get(server.url);
    expect([response.data, server.requests.length]).toEqual(['ok', 3]);
  });

  it('EDGE 5: attemptTimeout has an error of its own, and closes the connection', async () => {
    await using server = await flakyServer(silence);
    const error = await failureOf(attached({ attemptTimeout: 20 }, { adapter }).get(server.url));
    expect(error).toMatchObject({ name: 'AttemptTimeoutError', code: 'TENAX_ATTEMPT_TIMEOUT' });
    expect(error.retry?.attempts).toHaveLength(3);
    expect(isCancel(error)).toBe(false);
    await server.idle();
  });

  it('EDGE 6: retry.timeout bounds an attempt', async () => {
    await using server = await flakyServer(silence);
    const error = await failureOf(attached({}, { adapter }).get(server.url, { retry: { timeout: 30 } }));
    expect(error).toMatchObject({ name: 'OperationTimeoutError', code: 'TENAX_OPERATION_TIMEOUT' });
    expect(error.retry).toMatchObject({ result: 'timeout', reason: 'operation_timeout' });
    await server.idle();
  });

  it('EDGE 6: a wait that could not end within retry.timeout is not begun', async () => {
    await using server = await flakyServer(unavailable);
    const retry = { timeout: 5_000, baseDelay: 60_000, maxDelay: 60_000, jitter: 'none' } as const;
    const error = await failureOf(attached({}, { adapter }).get(server.url, { retry }));
    expect([error.response?.status, error.retry?.reason]).toEqual([503, 'wait_exceeds_timeout']);
  });
});
