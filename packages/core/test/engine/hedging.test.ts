// Hedging, for a client that answers by promises.
import { getEventListeners } from 'node:events';

import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { getRetryStatistics } from '../../src/attached-statistics.ts';
import type { AttemptContext, CallOptions, Discarding, Exchange } from '../../src/exchange.ts';
import type { AnyRetryOptions, RetryOptions } from '../../src/options.ts';
import type { Outcome } from '../../src/outcome.ts';
import type { AttemptRecord, RequestStatistics } from '../../src/record.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { response } from '../operation-driver.ts';
import { codedError, rejectionOf, virtualEngine } from '../virtual-engine.ts';

/** How a leg ends: after so many ms, with a status, its headers, or an error. */
interface Ending {
  readonly after: number;
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly error?: unknown;
}

interface LegResponse {
  readonly leg: number;
  readonly status: number;
  readonly headers: Record<string, string>;
}

/** A server that answers each attempt at its own time, and never takes notice of an abort. */
class TimedExchange implements Exchange<LegResponse> {
  readonly call: CallOptions;
  readonly attempts: AttemptContext[] = [];
  readonly sentAt: number[] = [];
  /** The legs whose responses were given up, and which of them were cancelled. */
  readonly discarded: number[] = [];
  readonly cancelled: number[] = [];
  readonly answered: number[] = [];
  readonly release: () => void = vi.fn<() => void>();
  concurrent = true;
  hasIdempotencyKey = false;
  closing = false;
  bodiesBreak = false;
  /** Called with each attempt, while it is being sent. */
  onSend: ((attempt: AttemptContext) => void) | undefined;
  /** Called with each answer, before anybody can have heard it. */
  onAnswer: (() => void) | undefined;
  readonly #clock: VirtualClock;
  readonly #endings: readonly Ending[];

  constructor(clock: VirtualClock, endings: readonly Ending[], call: CallOptions = { method: 'GET' }) {
    this.#clock = clock;
    this.#endings = endings;
    this.call = call;
  }

  send(attempt: AttemptContext): Promise<LegResponse> {
    this.attempts.push(attempt);
    this.sentAt.push(this.#clock.now());
    this.onSend?.(attempt);
    const { after, error, headers = {}, status = 200 } = this.#endings[attempt.number - 1] ?? NEVER;
    return new Promise((resolve, reject) => {
      if (after === Infinity) return;
      this.#clock.schedule(after, () => {
        if (error !== undefined) {
          reject(error);
          return;
        }
        this.answered.push(attempt.number);
        resolve({ leg: attempt.number, status, headers });
        this.onAnswer?.();
      });
    });
  }

  describe({ headers, status }: LegResponse): Outcome {
    return response(status, headers);
  }

  discard({ leg }: LegResponse): Discarding {
    this.discarded.push(leg);
    return {
      // What is left of the body of an aborted response is an error.
      finished: this.bodiesBreak ? Promise.reject(new Error('aborted')) : Promise.resolve(),
      cancel: () => void this.cancelled.push(leg),
    };
  }
}

const NEVER: Ending = { after: Infinity };
const HEDGE = { delay: 50, maxHedges: 1, maxExtraLoad: 10 } as const;

const unhandled = vi.fn<(error: unknown) => void>();
beforeEach(() => {
  unhandled.mockClear();
  process.on('unhandledRejection', unhandled);
});
afterEach(async () => {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', unhandled);
  if (unhandled.mock.calls.length > 0)
    throw new Error('A rejection was unhandled', { cause: unhandled.mock.calls });
});

interface Given {
  readonly options?: RetryOptions;
  readonly call?: CallOptions;
  readonly prepare?: (exchange: TimedExchange) => void;
}

function start(endings: readonly Ending[], { call, options, prepare }: Given = {}) {
  const onGiveUp = vi.fn<(event: { readonly statistics: RequestStatistics }) => void>();
  const onSuccess = vi.fn<(event: { readonly statistics: RequestStatistics }) => void>();
  const { clock, engine } = virtualEngine({
    hedge: HEDGE,
    throwOnExhausted: false,
    ...options,
    hooks: { onGiveUp, onSuccess, ...options?.hooks },
  } as AnyRetryOptions as RetryOptions);
  const exchange = new TimedExchange(clock, endings, call);
  prepare?.(exchange);
  const ending = engine.run(exchange);
  ending.catch(() => undefined);
  const statistics = (): RequestStatistics => {
    const calls = [...onSuccess.mock.calls, ...onGiveUp.mock.calls];
    if (calls.length !== 1) throw new Error(`The operation ended ${calls.length} times`);
    return calls[0]![0].statistics;
  };
  return { clock, engine, ending, exchange, statistics };
}

async function run(endings: readonly Ending[], given?: Given) {
  const started = start(endings, given);
  const { clock, ending } = started;
  const result = await clock.run(ending).catch((error: unknown) => error);
  const { pending } = clock;
  // What the losers still bring.
  const endedAt = clock.now();
  await clock.advance(100_000);
  return {
    ...started,
    result: result as Partial<LegResponse>,
    statistics: started.statistics(),
    pending,
    endedAt,
  };
}

const told = ({ attempts }: RequestStatistics): unknown[] =>
  attempts.map(({ attemptNumber, failureClass, hedged, reason, status }: AttemptRecord) => [
    attemptNumber,
    hedged,
    status ?? failureClass,
    reason,
  ]);

describe('a slow attempt', () => {
  it('has company after the delay, and the first that answers is the answer', async () => {
    const { endedAt, exchange, result, statistics } = await run([{ after: 500 }, { after: 20 }]);
    expect(exchange.sentAt).toEqual([0, 50]);
    expect([result.leg, endedAt]).toEqual([2, 70]);
    expect(told(statistics)).toEqual([
      [1, false, 'aborted', 'hedge_lost'],
      [2, true, 200, 'success'],
    ]);
    expect(statistics).toMatchObject({ result: 'success', totalTime: 70, totalDelay: 0 });
    expect(statistics.attempts.map(({ responseTime }) => responseTime)).toEqual([70, 20]);
    expect(statistics.attempts.map(({ delayBefore }) => delayBefore)).toEqual([0, 0]);
  });

  it('may answer before its hedge after all', async () => {
    const { exchange, result, statistics } = await run([{ after: 60 }, { after: 500 }]);
    expect(result.leg).toBe(1);
    expect(told(statistics)).toEqual([
      [1, false, 200, 'success'],
      [2, true, 'aborted', 'hedge_lost'],
    ]);
    expect(exchange.attempts.map(({ signal }) => signal.aborted)).toEqual([false, true]);
  });

  it('aborts the loser in time to free its connection, and ends the response that it still brings', async () => {
    const { exchange } = await run([{ after: 500 }, { after: 20 }], {
      prepare: (given) => (given.bodiesBreak = true),
    });
    const [lost, won] = exchange.attempts.map(({ signal }) => signal);
    expect([lost?.aborted, won?.aborted]).toEqual([true, false]);
    expect(lost?.reason).toMatchObject({ name: 'AbortError' });
    expect([exchange.discarded, exchange.cancelled]).toEqual([[1], [1]]);
  });

  it('has as many hedges as maxHedges allows, one each delay', async () => {
    const { exchange, result } = await run([NEVER, NEVER, NEVER, { after: 1 }], {
      options: { hedge: { ...HEDGE, maxHedges: 3 }, maxAttempts: 9 },
    });
    expect(exchange.sentAt).toEqual([0, 50, 100, 150]);
    expect(result.leg).toBe(4);
    const few = await run([{ after: 1000 }], {
      options: { hedge: { ...HEDGE, maxHedges: 2 }, maxAttempts: 9 },
    });
    expect(few.exchange.sentAt).toEqual([0, 50, 100]);
  });

  it('has none where it is fast', async () => {
    const { exchange, pending, statistics } = await run([{ after: 49 }]);
    expect(exchange.attempts).toHaveLength(1);
    expect(told(statistics)).toEqual([[1, false, 200, 'success']]);
    expect(pending).toBe(0);
  });

  it('leaves nothing behind', async () => {
    const { signal } = new AbortController();
    const call = { method: 'GET', signal };
    const { exchange, pending } = await run([{ after: 500 }, { after: 20 }], {
      call,
      options: { timeout: 10_000, attemptTimeout: 5000, hedge: { ...HEDGE, maxHedges: 3 } },
    });
    // The timers of the scripted answers alone.
    expect(pending).toBe(1);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(exchange.release).toHaveBeenCalledExactlyOnceWith();
  });

  it('tells hooks and the aggregate of every attempt once', async () => {
    const events: string[] = [];
    const { engine } = await run([{ after: 500 }, { after: 20 }], {
      options: {
        hooks: {
          onAttempt: ({ attempt }) => void events.push(`attempt ${attempt.attemptNumber}`),
          onRetry: ({ attemptNumber, delay, reason }) =>
            void events.push(`${reason} ${attemptNumber} after ${delay}`),
        },
      },
    });
    expect(events).toEqual(['hedged 2 after 0', 'attempt 1', 'attempt 2']);
    expect(engine.statistics.snapshot()).toMatchObject({
      totalOperations: 1,
      totalAttempts: 2,
      results: { success: 1, aborted: 0 },
    });
  });

  it('tells the server the number of each attempt', async () => {
    const sent: (string | null | undefined)[] = [];
    await run([{ after: 500 }, { after: 20 }], {
      options: { attemptHeaders: true },
      prepare: (exchange) => {
        exchange.onSend = ({ headers }) => void sent.push(headers?.get('x-retry-attempt'));
      },
    });
    expect(sent).toEqual(['1', '2']);
  });
});

describe('a request that is never hedged', () => {
  it.each<[string, Given]>([
    ['a POST without a key', { call: { method: 'POST' } }],
    ['a body that is read once', { prepare: (exchange) => (exchange.concurrent = false) }],
    ['a single attempt', { options: { maxAttempts: 1 } }],
    ['a call without retries', { call: { method: 'GET', retry: false } }],
    ['hedge: false', { options: { hedge: false } }],
    ['a client that is being closed', { prepare: (exchange) => (exchange.closing = true) }],
    ['a share of load that is used up', { options: { hedge: { ...HEDGE, maxExtraLoad: 0.05 } } }],
    ['a quantile that is not known yet', { options: { hedge: { ...HEDGE, delay: 'p95' } } }],
  ])('is %s', async (_what, given) => {
    const { exchange, result } = await run([{ after: 500 }, { after: 0 }], given);
    expect(exchange.attempts).toHaveLength(1);
    expect(result.leg).toBe(1);
  });

  it.each<[string, Given]>([
    [
      'a POST with a key',
      { call: { method: 'POST' }, prepare: (exchange) => (exchange.hasIdempotencyKey = true) },
    ],
    ['a PUT', { call: { method: 'put' } }],
    ['an operation without a method', { call: {} }],
  ])('%s is none of them', async (_what, given) => {
    const { exchange } = await run([{ after: 500 }, { after: 0 }], given);
    expect(exchange.attempts).toHaveLength(2);
  });
});

describe('the load that hedges add', () => {
  it('is a share of the first attempts, over all requests of a destination', async () => {
    const { clock, engine } = virtualEngine({ hedge: { ...HEDGE, maxExtraLoad: 0.25 } });
    const exchanges = Array.from(
      { length: 8 },
      () => new TimedExchange(clock, [{ after: 500 }, { after: 500 }]),
    );
    await clock.run(Promise.all(exchanges.map((exchange) => engine.run(exchange))));
    expect(exchanges.flatMap(({ attempts }) => attempts)).toHaveLength(10);
  });

  it('is not charged by requests that are fast', async () => {
    const { clock, engine } = virtualEngine({ hedge: { ...HEDGE, maxExtraLoad: 0.25 } });
    for (let count = 0; count < 4; count += 1) {
      await clock.run(engine.run(new TimedExchange(clock, [{ after: 1 }])));
    }
    const slow = new TimedExchange(clock, [{ after: 500 }, { after: 1 }]);
    await clock.run(engine.run(slow));
    expect(slow.attempts).toHaveLength(2);
  });
});

describe('the observed quantile', () => {
  it('is the delay once enough responses have been seen', async () => {
    const { clock, engine } = virtualEngine({ hedge: { delay: 'p90', maxExtraLoad: 1 } });
    const sent: number[] = [];
    for (let count = 1; count <= 20; count += 1) {
      const exchange = new TimedExchange(clock, [{ after: 100 }]);
      await clock.run(engine.run(exchange));
      sent.push(exchange.attempts.length);
    }
    expect(new Set(sent)).toEqual(new Set([1]));
    const slow = new TimedExchange(clock, [{ after: 5000 }, { after: 1 }]);
    await clock.run(engine.run(slow));
    expect(slow.sentAt).toHaveLength(2);
    const delay = slow.sentAt[1]! - slow.sentAt[0]!;
    // A histogram knows it to within a few percent.
    expect(delay).toBeGreaterThan(90);
    expect(delay).toBeLessThan(110);
  });

  it('does not sink by the fast answers of hedges: how slow the first attempts were is what counts', async () => {
    const { clock, engine } = virtualEngine({ hedge: { delay: 'p50', maxExtraLoad: 1 } });
    const delays: number[] = [];
    for (let count = 1; count <= 70; count += 1) {
      const exchange = new TimedExchange(clock, [{ after: count <= 20 ? 100 : 5000 }, { after: 1 }]);
      await clock.run(engine.run(exchange));
      delays.push((exchange.sentAt[1] ?? Infinity) - exchange.sentAt[0]!);
    }
    expect(Math.min(...delays)).toBeGreaterThan(90);
  });
});

describe('a circuit breaker', () => {
  it.each([
    ['answers first', 200],
    ['has a fatal outcome first', 404],
  ])('sees a slow attempt though its hedge %s: the two are one call', async (_, status) => {
    const { clock, engine, exchange } = start([{ after: 500 }, { after: 20, status }], {
      options: { circuitBreaker: { slowCallRate: 1, slowCallDuration: 60 } },
    });
    await clock.advance(70);
    expect(exchange.sentAt).toEqual([0, 50]);
    expect(engine.guards.snapshot()[0]?.circuitBreaker).toMatchObject({ calls: 1, slowCalls: 1 });
  });
});

describe('a leg that fails in a way that passes', () => {
  it('starts the next hedge at once', async () => {
    const { exchange, result, statistics } = await run([{ after: 10, status: 503 }, { after: 5 }]);
    expect(exchange.sentAt).toEqual([0, 10]);
    expect(result.leg).toBe(2);
    expect(told(statistics)).toEqual([
      [1, false, 503, 'transient_status'],
      [2, true, 200, 'success'],
    ]);
    expect([exchange.discarded, exchange.cancelled]).toEqual([[1], [1]]);
  });

  it('does so for an error too', async () => {
    const { exchange, statistics } = await run([
      { after: 10, error: codedError('ECONNRESET') },
      { after: 5 },
    ]);
    expect(exchange.sentAt).toEqual([0, 10]);
    expect(statistics.attempts[0]).toMatchObject({
      failureClass: 'transport',
      error: { code: 'ECONNRESET' },
    });
  });

  it('leaves the round to those that are under way', async () => {
    const { exchange, result, statistics } = await run([{ after: 100 }, { after: 10, status: 503 }]);
    expect(exchange.sentAt).toEqual([0, 50]);
    expect(result.leg).toBe(1);
    expect(told(statistics)).toEqual([
      [1, false, 200, 'success'],
      [2, true, 503, 'transient_status'],
    ]);
  });

  it('as the last one goes to the normal decision: a wait, and a round of its own', async () => {
    const { exchange, result, statistics } = await run(
      [{ after: 10, status: 503 }, { after: 10, status: 502 }, NEVER, { after: 1 }],
      { options: { maxAttempts: 9 } },
    );
    // 10 + 10 ms, then a wait of the second attempt, then the delay of the hedge.
    expect(exchange.sentAt.map((at) => at - 20)).toEqual([-20, -10, 200, 250]);
    expect(result.leg).toBe(4);
    expect(told(statistics)).toEqual([
      [1, false, 503, 'transient_status'],
      [2, true, 502, 'transient_status'],
      [3, false, 'aborted', 'hedge_lost'],
      [4, true, 200, 'success'],
    ]);
    expect(statistics.totalDelay).toBe(200);
  });

  it('and hedges count toward maxAttempts', async () => {
    const failing = Array.from({ length: 9 }, () => ({ after: 10, status: 503 }));
    const { exchange, result, statistics } = await run(failing, {
      options: { maxAttempts: 3, hedge: { ...HEDGE, maxHedges: 5 } },
    });
    expect(exchange.sentAt).toEqual([0, 10, 20]);
    expect([result.leg, result.status]).toEqual([3, 503]);
    expect(statistics).toMatchObject({ result: 'retry_exhausted', reason: 'attempts_exhausted' });
    // The last one is the caller's.
    expect(exchange.discarded).toEqual([1, 2]);
  });
});

describe("a server's hint", () => {
  const hinted = { after: 10, status: 503, headers: { 'retry-after': '2' } };

  it('stops hedging for the rest of the operation', async () => {
    const { exchange, result } = await run([hinted, { after: 500 }]);
    expect(exchange.attempts).toHaveLength(2);
    expect(exchange.sentAt[1]).toBeGreaterThanOrEqual(2010);
    expect(result.leg).toBe(2);
  });

  it('lets those under way go on', async () => {
    const { exchange, result, statistics } = await run([{ after: 200 }, hinted], {
      options: { hedge: { ...HEDGE, maxHedges: 3 }, maxAttempts: 9 },
    });
    expect(exchange.sentAt).toEqual([0, 50]);
    expect(result.leg).toBe(1);
    expect(statistics.attempts[1]).toMatchObject({ status: 503, hint: 2000, hedged: true });
  });
});

describe('a fatal outcome', () => {
  it.each<[string, Ending]>([
    ['a 404', { after: 10, status: 404 }],
    ['a fault of the program', { after: 10, error: new TypeError('fault') }],
  ])('%s cancels all', async (_what, fatal) => {
    const { endedAt, exchange, statistics } = await run([{ after: 500 }, fatal], {
      options: { maxAttempts: 9 },
    });
    expect(endedAt).toBe(60);
    expect(exchange.attempts).toHaveLength(2);
    expect(exchange.attempts[0]?.signal.aborted).toBe(true);
    expect(statistics).toMatchObject({ result: 'non_retryable_error' });
    expect(statistics.attempts).toMatchObject([
      { failureClass: 'aborted', reason: 'hedge_lost' },
      { failureClass: 'permanent', hedged: true },
    ]);
    expect(exchange.discarded).toEqual([1]);
  });
});

describe('shouldRetry', () => {
  it('is asked for each leg', async () => {
    const asked: unknown[] = [];
    const { result } = await run([{ after: 100 }, { after: 10 }], {
      options: {
        shouldRetry: (outcome) => {
          asked.push((outcome as { status?: number }).status);
          return asked.length === 1;
        },
      },
    });
    expect(result.leg).toBe(1);
    expect(asked).toEqual([200, 200]);
  });

  it('lets another leg answer while it thinks: then the one that it thinks about has lost', async () => {
    const started = start([{ after: 60 }, { after: 15 }], {
      options: {
        shouldRetry: (): Promise<undefined> | undefined => {
          asked += 1;
          if (asked > 1) return undefined;
          return new Promise((resolve) =>
            started.clock.schedule(1000, () => {
              resolve(undefined);
            }),
          );
        },
      },
    });
    let asked = 0;
    const { leg } = await started.clock.run(started.ending);
    expect(leg).toBe(2);
    expect(started.clock.now()).toBe(65);
    await started.clock.advance(2000);
    expect(started.exchange.discarded).toEqual([1]);
    expect(told(started.statistics())).toEqual([
      [1, false, 200, 'hedge_lost'],
      [2, true, 200, 'success'],
    ]);
  });

  it.each<[string, boolean, number]>([
    ['and is not blamed when the body of one that has lost goes away under it', true, 0],
    ['and is blamed when it fails by itself', false, 1],
  ])('thinks, %s', async (_, lost, warnings) => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    let asked = 0;
    const started = start([{ after: 60 }, { after: 15 }], {
      options: {
        shouldRetry: (): Promise<undefined> | undefined => {
          asked += 1;
          if (asked > 1) return undefined;
          return new Promise((_resolve, reject) =>
            started.clock.schedule(lost ? 1000 : 2, () => {
              reject(new Error('The body was cancelled'));
            }),
          );
        },
      },
    });
    await started.clock.run(started.ending);
    await started.clock.advance(2000);
    expect(emitWarning).toHaveBeenCalledTimes(warnings);
    emitWarning.mockRestore();
  });
});

describe('attemptTimeout', () => {
  it('spans the whole round', async () => {
    const { exchange, result, statistics } = await run([NEVER, NEVER, { after: 1 }], {
      options: { attemptTimeout: 80 },
    });
    expect(exchange.sentAt.map((at) => at - 80)).toEqual([-80, -30, 200]);
    expect(result.leg).toBe(3);
    expect(statistics.attempts).toMatchObject([
      { failureClass: 'timeout', hedged: false, error: { name: 'AttemptTimeoutError' } },
      { failureClass: 'timeout', hedged: true, reason: 'attempt_timeout' },
      { success: true, hedged: false },
    ]);
    expect(exchange.attempts.map(({ signal }) => signal.aborted)).toEqual([true, true, false]);
  });

  it('spans the hedge that a failure has started, too', async () => {
    const { exchange } = await run([{ after: 60, status: 503 }, NEVER, { after: 1 }], {
      options: { attemptTimeout: 80, hedge: { ...HEDGE, delay: 70 } },
    });
    expect(exchange.sentAt).toEqual([0, 60, 80 + 200]);
  });
});

describe('the end from outside', () => {
  it('by the caller ends all legs at once, with a record for each', async () => {
    const controller = new AbortController();
    const started = start([NEVER, NEVER], {
      call: { method: 'GET', signal: controller.signal },
      options: { attemptTimeout: 1000, timeout: 5000 },
    });
    await started.clock.advance(60);
    controller.abort('stop');
    expect(await rejectionOf(started.ending)).toBe('stop');
    expect(started.clock.pending).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    expect(started.exchange.attempts.map(({ signal }) => signal.reason)).toEqual(['stop', 'stop']);
    expect(told(started.statistics())).toEqual([
      [1, false, 'aborted', 'caller_aborted'],
      [2, true, 'aborted', 'caller_aborted'],
    ]);
  });

  it('by the caller or by timeout leaves no body that breaks unheard', async () => {
    const controller = new AbortController();
    const prepare = (given: TimedExchange): void => {
      given.bodiesBreak = true;
      given.onSend = ({ number }) => {
        if (number === 2)
          setImmediate(() => {
            controller.abort('stop');
          });
      };
    };
    const call = { method: 'GET', signal: controller.signal };
    const aborted = await run([{ after: 60 }, { after: 60 }], { call, prepare });
    expect([aborted.result, aborted.exchange.discarded]).toEqual(['stop', [1, 2]]);
    const late = await run([{ after: 100 }, { after: 60 }], { prepare, options: { timeout: 80 } });
    expect(late.exchange.discarded).toEqual([1, 2]);
  });

  it('by timeout ends all legs, with a record for each', async () => {
    const { exchange, pending, result, statistics } = await run([NEVER, NEVER], { options: { timeout: 80 } });
    expect(result).toMatchObject({ code: 'TENAX_OPERATION_TIMEOUT' });
    expect(getRetryStatistics(result)).toBe(statistics);
    expect(exchange.attempts.every(({ signal }) => signal.aborted)).toBe(true);
    expect(told(statistics)).toEqual([
      [1, false, 'timeout', 'operation_timeout'],
      [2, true, 'timeout', 'operation_timeout'],
    ]);
    expect(pending).toBe(0);
  });

  it.each(Array.from({ length: 12 }, (_, turns) => turns))(
    'so many microtasks after the answer ends a response that nobody gets: %d',
    async (turns) => {
      const controller = new AbortController();
      const started = start([NEVER, { after: 10 }], { call: { method: 'GET', signal: controller.signal } });
      const abortAfter = (left: number): void => {
        if (left === 0) controller.abort('stop');
        else
          queueMicrotask(() => {
            abortAfter(left - 1);
          });
      };
      started.exchange.onAnswer = () => {
        abortAfter(turns);
      };
      const result: unknown = await started.clock.run(started.ending).catch((error: unknown) => error);
      await started.clock.advance(0);
      const { attempts } = started.statistics();
      expect(attempts.map(({ attemptNumber }) => attemptNumber)).toEqual([1, 2]);
      expect(attempts.filter(({ success }) => success)).toHaveLength(result === 'stop' ? 0 : 1);
      expect(started.exchange.discarded).toEqual(result === 'stop' ? [2] : []);
    },
  );
});

describe('an abort in a callback', () => {
  type Hook = 'onAttempt' | 'onRetry';

  it.each<[Hook, number, Ending[]]>([
    ['onRetry', 1, [{ after: 500 }, { after: 1 }]],
    ['onRetry', 1, [{ after: 10, status: 503 }, { after: 1 }]],
    ['onAttempt', 1, [{ after: 10, status: 503 }, { after: 1 }]],
    ['onAttempt', 1, [{ after: 500 }, { after: 10, status: 503 }]],
    ['onAttempt', 1, [{ after: 500 }, { after: 10 }]],
    ['onAttempt', 1, [{ after: 500 }, { after: 10, status: 404 }]],
  ])('in call %#, of %s, ends everything once, and nothing is sent after it', async (hook, nth, endings) => {
    const controller = new AbortController();
    let calls = 0;
    let sentBefore = 0;
    const started = start(endings, {
      call: { method: 'GET', signal: controller.signal },
      options: {
        hooks: {
          [hook]: () => {
            calls += 1;
            if (calls !== nth) return;
            sentBefore = started.exchange.attempts.length;
            controller.abort('stop');
          },
        },
      },
    });
    expect(await rejectionOf(started.clock.run(started.ending))).toBe('stop');
    expect(started.exchange.attempts).toHaveLength(sentBefore);
    await started.clock.advance(1000);
    const { exchange, statistics } = started;
    expect(statistics().attempts).toHaveLength(sentBefore);
    expect(new Set(exchange.discarded)).toEqual(new Set(exchange.answered));
    expect(exchange.discarded).toHaveLength(exchange.answered.length);
    expect(started.clock.pending).toBe(0);
  });
});

describe('an exchange that throws where it should describe', () => {
  it('ends the round with that, and leaves nothing under way', async () => {
    const fault = new TypeError('fault');
    const { clock, engine } = virtualEngine({ hedge: HEDGE });
    const exchange = new TimedExchange(clock, [NEVER, { after: 10, error: 'unspeakable' }]);
    const describeError = vi
      .fn<NonNullable<Exchange<unknown>['describeError']>>((error) => ({ kind: 'error', error }))
      .mockImplementationOnce(() => {
        throw fault;
      });
    const ending = rejectionOf(engine.run(Object.assign(exchange, { describeError })));
    expect(await clock.run(ending)).toBe(fault);
    expect(exchange.attempts[0]?.signal.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

describe('whatever the legs do', () => {
  const ending = fc.oneof(
    { weight: 3, arbitrary: fc.record({ after: fc.nat(120), status: fc.constantFrom(200, 503, 503, 404) }) },
    {
      weight: 1,
      arbitrary: fc.record({ after: fc.nat(120), error: fc.constant(codedError('ECONNRESET')) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        after: fc.nat(120),
        status: fc.constant(503),
        headers: fc.constant({ 'retry-after-ms': '30' }),
      }),
    },
    { weight: 1, arbitrary: fc.constant(NEVER) },
  );
  const options = fc.record({
    maxAttempts: fc.integer({ min: 1, max: 6 }),
    maxHedges: fc.integer({ min: 1, max: 3 }),
    delay: fc.constantFrom(0, 5, 40),
    attemptTimeout: fc.option(fc.integer({ min: 41, max: 150 }), { nil: undefined }),
    abortAt: fc.option(fc.nat(300), { nil: undefined }),
    asks: fc.constantFrom('never', 'at once', 'slowly'),
  });

  it('there is one end, a record for each attempt that was sent, and nothing is left', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(ending, { minLength: 6, maxLength: 6 }), options, async (endings, given) => {
        const { abortAt, asks, attemptTimeout, delay, maxAttempts, maxHedges } = given;
        const controller = new AbortController();
        const started = start(endings, {
          call: { method: 'GET', signal: controller.signal },
          options: {
            timeout: 2000,
            ...(attemptTimeout !== undefined && { attemptTimeout }),
            maxAttempts,
            baseDelay: 10,
            hedge: { delay, maxHedges, maxExtraLoad: 10 },
            ...(asks !== 'never' && {
              shouldRetry: () =>
                asks === 'at once'
                  ? undefined
                  : new Promise<undefined>((resolve) => {
                      started.clock.schedule(7, () => {
                        resolve(undefined);
                      });
                    }),
            }),
          },
        });
        const { clock, exchange } = started;
        if (abortAt !== undefined)
          clock.schedule(abortAt, () => {
            controller.abort('stop');
          });
        const result: unknown = await clock.run(started.ending).catch((error: unknown) => error);
        const sent = exchange.attempts.length;
        await clock.advance(5000);
        const { attempts } = started.statistics();
        expect(exchange.attempts).toHaveLength(sent);
        expect(attempts.map(({ attemptNumber }) => attemptNumber)).toEqual(
          Array.from({ length: sent }, (_, index) => index + 1),
        );
        expect(sent).toBeLessThanOrEqual(maxAttempts);
        // A round is an attempt and its hedges.
        let hedges = 0;
        for (const { hedged } of attempts) {
          hedges = hedged ? hedges + 1 : 0;
          expect(hedges).toBeLessThanOrEqual(maxHedges);
        }
        const ownLeg = (result as Partial<LegResponse>).leg;
        expect(exchange.discarded.toSorted((one, other) => one - other)).toEqual(
          exchange.answered.filter((leg) => leg !== ownLeg).toSorted((one, other) => one - other),
        );
        expect(attempts.filter(({ success }) => success).length).toBeLessThanOrEqual(1);
        expect(clock.pending).toBe(0);
        expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
