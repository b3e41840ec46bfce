import { describe, expect, it, vi } from 'vitest';

import { getRetryStatistics } from '../../src/attached-statistics.ts';
import { createClientEngine } from '../../src/engine.ts';
import {
  BodyNotReplayableError,
  OperationTimeoutError,
  RetryError,
  RetryExhaustedError,
} from '../../src/errors.ts';
import { FakeExchange } from '../fake-exchange.ts';
import { rejectionOf, virtualEngine } from '../virtual-engine.ts';

describe('when attempts run out', () => {
  it('execute throws RetryExhaustedError with the last error and the statistics', async () => {
    const { clock, engine } = virtualEngine();
    const last = new Error('again');
    const error = await rejectionOf(clock.run(engine.execute(() => Promise.reject(last))));
    expect(error).toBeInstanceOf(RetryExhaustedError);
    expect(error).toBeInstanceOf(RetryError);
    expect(error).toMatchObject({ code: 'TENAX_EXHAUSTED', cause: last, response: undefined });
    const { statistics } = error as RetryExhaustedError;
    expect(statistics).toMatchObject({ result: 'retry_exhausted', reason: 'attempts_exhausted' });
    expect(statistics?.attempts.map(({ reason }) => reason)).toEqual([
      'transient_error',
      'transient_error',
      'attempts_exhausted',
    ]);
    expect(getRetryStatistics(error as Error)).toBe(statistics);
    expect(getRetryStatistics(last)).toBe(statistics);
  });

  it('throwOnExhausted: false gives the last error itself, with the statistics beside it', async () => {
    const { clock, engine } = virtualEngine({ throwOnExhausted: false });
    const last = new Error('again');
    expect(await rejectionOf(clock.run(engine.execute(() => Promise.reject(last))))).toBe(last);
    expect(getRetryStatistics(last)).toMatchObject({ result: 'retry_exhausted' });
  });

  it('throwOnExhausted: false gives the last response itself', async () => {
    const { clock, engine } = virtualEngine({ throwOnExhausted: false });
    const exchange = new FakeExchange([503, 502, 500]);
    const response = await clock.run(engine.run(exchange));
    expect(response.status).toBe(500);
    expect(getRetryStatistics(response)).toMatchObject({ result: 'retry_exhausted' });
  });

  it('throwOnExhausted: true throws an error that holds the last response', async () => {
    const { clock, engine } = virtualEngine();
    const exchange = new FakeExchange([503, 502, 500]);
    const error = await rejectionOf(clock.run(engine.run(exchange)));
    expect(error).toMatchObject({
      message: 'Gave up after 3 attempts, the last ended with status 500',
      response: { status: 500 },
    });
    expect(error).not.toHaveProperty('cause');
  });
});

describe('the engine of an adapter', () => {
  it.each([
    [undefined, false],
    [false, false],
    [true, true],
  ])('with throwOnExhausted: %s has it %s', (throwOnExhausted, expected) => {
    expect(createClientEngine({ throwOnExhausted }).policy.throwOnExhausted).toBe(expected);
  });
});

describe('every other end without success', () => {
  it('a hint that is too long is an exhaustion that says so', async () => {
    const { engine } = virtualEngine();
    const error = await rejectionOf(engine.run(new FakeExchange([[503, { 'retry-after': '3600' }]])));
    expect(error).toBeInstanceOf(RetryExhaustedError);
    expect((error as Error).message).toBe(
      'Gave up after 1 attempt: the server asks for a longer wait than retryAfter.max',
    );
  });

  it('a wait that is too long for the timeout is a timeout', async () => {
    const { engine } = virtualEngine({ timeout: 100 });
    const error = await rejectionOf(engine.run(new FakeExchange([503])));
    expect(error).toBeInstanceOf(OperationTimeoutError);
    expect(error).toMatchObject({ response: { status: 503 } });
  });

  it('a body that is gone is a BodyNotReplayableError', async () => {
    const { engine } = virtualEngine();
    const error = await rejectionOf(engine.run(new FakeExchange([503], { replayable: false })));
    expect(error).toBeInstanceOf(BodyNotReplayableError);
    expect(error).toMatchObject({ response: { status: 503 }, statistics: { reason: 'body_not_replayable' } });
  });

  it("a status that is not retried is the client's own response, throwOnExhausted or not", async () => {
    for (const throwOnExhausted of [true, false]) {
      const { engine } = virtualEngine({ throwOnExhausted });
      const response = await engine.run(new FakeExchange([404]));
      expect(response.status).toBe(404);
      expect(getRetryStatistics(response)).toMatchObject({ result: 'non_retryable_error' });
    }
  });

  it('a value that shouldRetry refuses to the last is in the error', async () => {
    const { clock, engine } = virtualEngine({ shouldRetry: () => true });
    const send = vi.fn<() => string>(() => 'pending');
    const error = await rejectionOf(clock.run(engine.execute(send)));
    expect(send).toHaveBeenCalledTimes(3);
    expect(error).toMatchObject({
      message: 'Gave up after 3 attempts, the last ended with a value that shouldRetry refused',
      response: 'pending',
    });
  });

  it('a value that shouldRetry refuses to the last is the result when throwOnExhausted is off', async () => {
    const { clock, engine } = virtualEngine({ shouldRetry: () => true, throwOnExhausted: false });
    await expect(clock.run(engine.execute(() => 'pending'))).resolves.toBe('pending');
    expect(engine.statistics.snapshot().results.retry_exhausted).toBe(1);
  });
});
