import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';

import { describe, expect, it, vi } from 'vitest';

import { getRetryStatistics } from '../../src/attached-statistics.ts';
import { AttemptTimeoutError, OperationTimeoutError, RetryExhaustedError } from '../../src/errors.ts';
import { LiveStatistics } from '../../src/live-statistics.ts';
import type { GeneralOptions, RetryOptions } from '../../src/options.ts';
import type { RequestStatistics } from '../../src/record.ts';
import { FakeEventExchange } from '../fake-event-exchange.ts';
import { response } from '../operation-driver.ts';
import { codedError, virtualEngine } from '../virtual-engine.ts';

const run = (options: GeneralOptions = {}, exchange = new FakeEventExchange()) => {
  const { clock, engine } = virtualEngine({ throwOnExhausted: false, jitter: 'none', ...options });
  return { clock, engine, exchange, operation: exchange.start(engine) };
};

describe('an operation of a client that answers by events', () => {
  it('accepts a success within the event', () => {
    const { exchange, operation } = run();
    operation.responded(response(200));
    expect(exchange.log).toEqual(['send 1', 'release', 'accept']);
    expect(operation.statistics).toMatchObject({ result: 'success', attempts: [{ status: 200 }] });
  });

  it('sends again after a failure, once the wait is over and its response is gone', async () => {
    const exchange = new FakeEventExchange();
    let free: (() => void) | undefined;
    exchange.discarding = {
      finished: new Promise<void>((resolve) => {
        free = resolve;
      }),
      cancel: () => exchange.log.push('cancel'),
    };
    const { clock, operation } = run({}, exchange);
    operation.responded(response(503));
    expect(exchange.log).toEqual(['send 1', 'discard']);
    await clock.advance(100);
    expect(exchange.log).toEqual(['send 1', 'discard']);
    free?.();
    await clock.advance(0);
    operation.responded(response(200));
    expect(exchange.log).toEqual(['send 1', 'discard', 'send 2', 'release', 'accept']);
    expect(clock.pending).toBe(0);
  });

  it.each<RetryOptions>([{}, { hooks: { onAttempt: () => undefined } }])(
    'goes on in the asynchronous context that it began in, whatever its events come in, with %o',
    async (options) => {
      const store = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      const hooks = { ...options.hooks, onRetry: () => void seen.push(store.getStore()) };
      const exchange = new FakeEventExchange();
      exchange.onSend = () => void seen.push(store.getStore());
      const { clock, operation } = store.run('its own', () => run({ hooks }, exchange));
      store.run('of a connection', () => {
        operation.responded(response(503));
      });
      await clock.advance(100);
      store.run('of another one', () => {
        operation.failed(codedError('ECONNRESET'));
      });
      await clock.advance(200);
      expect(seen).toEqual(Array(5).fill('its own'));
    },
  );

  it('sends again after the error of a connection with which a later one has given up', async () => {
    const { clock, engine, exchange, operation } = run();
    const later = new FakeEventExchange({ method: 'POST' }).start(engine);
    const error = codedError('ECONNRESET');
    later.failed(error);
    operation.failed(error);
    await clock.advance(100);
    expect(later.statistics.reason).toBe('method_not_idempotent');
    expect(exchange.log).toEqual(['send 1', 'discard', 'send 2']);
  });

  it('gives the last response, or the last error itself, when attempts run out', () => {
    const { exchange, operation } = run({ maxAttempts: 1 });
    operation.responded(response(503));
    expect(exchange.log).toEqual(['send 1', 'release', 'accept']);
    const failing = run({ maxAttempts: 1 });
    const error = codedError('ECONNRESET');
    failing.operation.failed(error);
    expect(failing.exchange.failures).toEqual([error]);
    expect(getRetryStatistics(error)).toMatchObject({ result: 'retry_exhausted' });
  });

  it.each<RetryOptions>([{}, { timeout: 50, attemptTimeout: 40 }, { hooks: { onSuccess: () => undefined } }])(
    'that has succeeded can neither be aborted nor fail any more, with %o',
    async (options) => {
      const { clock, exchange, operation } = run(options);
      operation.responded(response(200));
      operation.abort('late');
      operation.failed(new Error('late'));
      await clock.advance(100);
      expect(exchange.log).toEqual(['send 1', 'release', 'accept']);
      expect(operation.statistics).toMatchObject({ result: 'success', attempts: [{ status: 200 }] });
    },
  );

  it.each<RetryOptions>([{}, { hooks: { onAttempt: () => undefined } }])(
    'has the timeout of its first attempt for that alone, with %o',
    async (options) => {
      const { clock, exchange, operation } = run({ attemptTimeout: 80, ...options });
      operation.responded(response(503));
      expect(clock.pending).toBe(1);
      await clock.advance(100);
      operation.responded(response(200));
      expect(exchange.log).toEqual(['send 1', 'discard', 'send 2', 'release', 'accept']);
    },
  );

  it('tells its exchange of each retry before it waits for that', async () => {
    const exchange = new FakeEventExchange();
    const retrying = (): void => void exchange.log.push('retrying');
    const { clock, operation } = run({}, Object.assign(exchange, { retrying }));
    operation.responded(response(503));
    expect(exchange.log).toEqual(['send 1', 'discard', 'retrying']);
    await clock.advance(100);
    operation.responded(response(200));
    expect(exchange.log.slice(3)).toEqual(['send 2', 'release', 'accept']);
  });

  it('that goes on from something has that for a cause, where it ends before an attempt has', async () => {
    const error = new Error('the download broke off');
    const exchange = Object.assign(new FakeEventExchange(), { previous: { kind: 'error', error } as const });
    const { clock } = run({ timeout: 50 }, exchange);
    await clock.advance(50);
    expect(exchange.failures).toMatchObject([{ code: 'TENAX_OPERATION_TIMEOUT', cause: error }]);
  });

  it('ends with the first of two aborts in a callback', async () => {
    const exchange = new FakeEventExchange();
    const onRetry = (): void => {
      exchange.operation?.abort('first');
      exchange.operation?.abort('second');
    };
    const { clock, operation } = run({ hooks: { onRetry } }, exchange);
    operation.responded(response(503));
    await clock.advance(1000);
    expect(exchange.failures).toEqual(['first']);
  });

  it('with throwOnExhausted ends what is left of the response', () => {
    const { exchange, operation } = run({ maxAttempts: 1, throwOnExhausted: true });
    operation.responded(response(503));
    expect(exchange.log).toEqual(['send 1', 'release after a failure', 'discard', 'fail']);
    expect(exchange.failures[0]).toBeInstanceOf(RetryExhaustedError);
  });

  it('hears an answer that comes while its attempt is being sent', async () => {
    const exchange = new FakeEventExchange();
    exchange.onSend = ({ number }) => {
      exchange.operation?.responded(response(number === 1 ? 503 : 200));
    };
    const { clock } = run({}, exchange);
    await clock.advance(100);
    expect(exchange.log).toEqual(['send 1', 'discard', 'send 2', 'release', 'accept']);
  });

  it('takes what the sending throws for the end of the attempt', async () => {
    const exchange = new FakeEventExchange();
    exchange.onSend = ({ number }) => {
      if (number === 1) throw codedError('ECONNREFUSED');
    };
    const { clock, operation } = run({}, exchange);
    await clock.advance(100);
    operation.responded(response(200));
    expect(exchange.log.at(-1)).toBe('accept');
  });

  it('hears nothing more of an attempt that has ended', () => {
    const { exchange, operation } = run();
    operation.responded(response(200));
    operation.failed(new Error('late'));
    operation.responded(response(503));
    operation.succeeded(101);
    operation.abort('late');
    operation.hurry();
    expect(exchange.log).toEqual(['send 1', 'release', 'accept']);
  });

  it.each<RetryOptions>([{}, { hooks: { onAttempt: () => undefined } }])(
    'EDGE 3: ends with the reason of an abort that its client hears of first, with %o',
    (options) => {
      const controller = new AbortController();
      const exchange = new FakeEventExchange({ method: 'GET', signal: controller.signal });
      controller.signal.addEventListener('abort', () => {
        exchange.operation?.failed(new TypeError('a client of its own'));
      });
      const { operation } = run(options, exchange);
      controller.abort('stop');
      expect(exchange.failures).toEqual(['stop']);
      expect(operation.statistics).toMatchObject({
        result: 'aborted',
        attempts: [{ failureClass: 'aborted' }],
      });
    },
  );

  it('succeeded asks no policy and leaves the handing over to the client', () => {
    const shouldRetry = vi.fn<NonNullable<RetryOptions['shouldRetry']>>(() => true);
    const { exchange, operation } = run({ shouldRetry });
    operation.succeeded(101);
    expect(exchange.log).toEqual(['send 1', 'release']);
    expect(shouldRetry).not.toHaveBeenCalled();
    expect(operation.statistics).toMatchObject({ result: 'success', attempts: [{ status: 101 }] });
  });

  it('shows what is known so far before its end', async () => {
    const { clock, operation } = run();
    expect(operation.statistics.attempts).toEqual([]);
    operation.responded(response(503));
    await clock.advance(50);
    expect(operation.statistics.attempts).toMatchObject([{ status: 503 }]);
    expect(operation.statistics.totalTime).toBeGreaterThanOrEqual(0);
  });
});

describe('live statistics', () => {
  it('are those of the operation, before and after its end', async () => {
    const { clock, operation } = run();
    const retry = new LiveStatistics(operation);
    operation.responded(response(503));
    expect(retry.attempts).toMatchObject([{ status: 503 }]);
    await clock.advance(100);
    operation.responded(response(200));
    const { id, key, result, reason, attempts, totalTime, totalDelay } = retry;
    const { statistics } = operation;
    expect({ id, key, result, reason, attempts, totalTime, totalDelay }).toEqual(statistics);
    expect(JSON.parse(JSON.stringify(retry))).toEqual(JSON.parse(JSON.stringify(statistics)));
    expect(inspect(retry)).toBe(inspect(statistics));
    expect(getRetryStatistics({ retry, another: 'member' })).toBe(statistics);
  });

  it('have the members of a record as their own: they can be copied, listed and compared', () => {
    const { operation } = run();
    const retry: RequestStatistics = new LiveStatistics(operation);
    operation.responded(response(200));
    const { statistics } = operation;
    expect({ ...retry }).toEqual(statistics);
    expect(Object.entries(retry)).toEqual(Object.entries(statistics));
    expect(retry).toEqual(statistics);
    expect('attempts' in retry && Object.hasOwn(retry, 'attempts')).toBe(true);
  });

  it('can not be written to', () => {
    const { operation } = run();
    const retry: RequestStatistics = new LiveStatistics(operation);
    expect(Reflect.set(retry, 'id', 'another')).toBe(false);
    expect(Reflect.defineProperty(retry, 'id', { value: 'another' })).toBe(false);
    expect(Reflect.defineProperty(retry, 'another', { value: 'member' })).toBe(false);
    expect(Reflect.deleteProperty(retry, 'id')).toBe(false);
    expect({ ...retry }).toEqual(operation.statistics);
    expect(retry.id).not.toBe('another');
  });

  it.each([Object.freeze, Object.seal, Object.preventExtensions])(
    'that somebody freezes stay what is known then: %o',
    (close) => {
      const { operation } = run();
      const retry: RequestStatistics = close(new LiveStatistics(operation));
      const soFar = { ...operation.statistics };
      operation.responded(response(200));
      expect([retry, { ...retry }, JSON.parse(JSON.stringify(retry))]).toEqual([soFar, soFar, soFar]);
      expect(inspect(retry)).toContain("result: 'aborted'");
      expect(getRetryStatistics({ retry })).toEqual(soFar);
      expect(Object.isExtensible(retry)).toBe(false);
      expect(Object.isFrozen(retry)).toBe(close === Object.freeze);
    },
  );

  it.each([{}, { retry: undefined }, { retry: { attempts: [] } }, { retry: 3 }, undefined])(
    'are not in %j',
    (other) => {
      expect(getRetryStatistics(other as object)).toBeUndefined();
    },
  );
});

describe('an abort', () => {
  it('during an attempt ends it, then the operation', () => {
    const { clock, exchange, operation } = run();
    operation.abort('stop');
    expect(exchange.log).toEqual(['send 1', 'abandon stop', 'release after a failure', 'fail']);
    expect(exchange.failures).toEqual(['stop']);
    expect(clock.pending).toBe(0);
  });

  it('during a wait ends it at once, and nothing more is sent', async () => {
    const { clock, exchange, operation } = run();
    operation.responded(response(503));
    await clock.advance(50);
    operation.abort('stop');
    await clock.advance(1_000);
    expect(exchange.log).toEqual(['send 1', 'discard', 'release after a failure', 'fail']);
    expect([exchange.failures, clock.pending]).toEqual([['stop'], 0]);
  });

  it('while shouldRetry thinks ends the response too', async () => {
    const { clock, exchange, operation } = run({
      shouldRetry: () => new Promise<undefined>(() => undefined),
    });
    operation.responded(response(200));
    operation.abort('stop');
    await clock.advance(0);
    expect(exchange.log).toEqual(['send 1', 'discard', 'release after a failure', 'fail']);
  });

  it("by the call's signal is the same, before the first attempt too", () => {
    const controller = new AbortController();
    const exchange = new FakeEventExchange({ signal: controller.signal });
    run({}, exchange);
    controller.abort('stop');
    expect(exchange.failures).toEqual(['stop']);
    const late = new FakeEventExchange({ signal: controller.signal });
    run({}, late);
    expect(late.log).toEqual(['release after a failure', 'fail']);
  });
});

describe('the timeouts', () => {
  it('attemptTimeout abandons the attempt, and the next one has it anew', async () => {
    const { clock, exchange, operation } = run({ attemptTimeout: 30, baseDelay: 10 });
    await clock.advance(30);
    expect(exchange.log).toMatchObject(['send 1', expect.stringContaining('abandon'), 'discard']);
    await clock.advance(10 + 29);
    operation.responded(response(200));
    expect(exchange.log.at(-1)).toBe('accept');
    expect(operation.statistics.attempts[0]).toMatchObject({
      failureClass: 'timeout',
      error: { name: AttemptTimeoutError.name },
    });
  });

  it('timeout ends an attempt, and a wait', async () => {
    const attempt = run({ timeout: 50 });
    await attempt.clock.advance(50);
    expect(attempt.exchange.failures[0]).toBeInstanceOf(OperationTimeoutError);
    const wait = run({ timeout: 150, maxAttempts: 9 });
    wait.operation.responded(response(503));
    await wait.clock.advance(149);
    expect(wait.exchange.failures).toEqual([]);
    await wait.clock.advance(1);
    expect(wait.exchange.failures[0]).toBeInstanceOf(OperationTimeoutError);
    expect(wait.clock.pending).toBe(0);
  });
});

describe('shouldRetry', () => {
  it('may make a success a failure, and a failure the answer', async () => {
    const answers = [true, undefined];
    const first = run({ shouldRetry: () => answers.shift() });
    first.operation.responded(response(200));
    await first.clock.advance(100);
    first.operation.responded(response(200));
    await first.clock.advance(0);
    expect(first.exchange.log).toEqual(['send 1', 'discard', 'send 2', 'release', 'accept']);
    const second = run({ shouldRetry: async () => Promise.resolve(false) });
    second.operation.responded(response(503));
    await second.clock.advance(0);
    expect(second.exchange.log).toEqual(['send 1', 'release', 'accept']);
  });
});

describe('a client that is being closed', () => {
  it('hurries a wait: its retry is sent now', async () => {
    const { clock, exchange, operation } = run({ baseDelay: 10_000, maxDelay: 10_000 });
    operation.responded(response(503));
    await clock.advance(1);
    operation.hurry();
    await clock.advance(0);
    expect(exchange.log).toEqual(['send 1', 'discard', 'send 2']);
    expect(clock.pending).toBe(0);
  });

  it('begins no retry any more', () => {
    const { exchange, operation } = run();
    exchange.closing = true;
    operation.responded(response(503));
    expect(exchange.log).toEqual(['send 1', 'release', 'accept']);
    expect(operation.statistics).toMatchObject({ result: 'retry_exhausted', reason: 'client_closing' });
  });
});

it('a body that is gone ends the operation with its reason', () => {
  const { exchange, operation } = run();
  exchange.replayable = false;
  operation.responded(response(503));
  expect(operation.statistics.reason).toBe('body_not_replayable');
});

it('wrong options of a call are refused before anything is sent', () => {
  const exchange = new FakeEventExchange({ retry: { maxAttempts: 0 } });
  expect(() => run({}, exchange)).toThrow('maxAttempts');
  expect(exchange.log).toEqual([]);
});
