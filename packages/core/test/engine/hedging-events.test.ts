// Hedging, for a client that answers by events.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { AttemptContext, CallOptions } from '../../src/exchange.ts';
import { instrument } from '../../src/observation.ts';
import type { RetryOptions } from '../../src/options.ts';
import type { RequestStatistics } from '../../src/record.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { FakeEventExchange } from '../fake-event-exchange.ts';
import { response } from '../operation-driver.ts';
import { codedError, neverSettles, virtualEngine } from '../virtual-engine.ts';

/** Writes down which attempt each request of the engine is about. */
class LegExchange extends FakeEventExchange {
  concurrent = true;
  hasIdempotencyKey = false;
  readonly abandoned: number[] = [];
  readonly discarded: number[] = [];
  readonly accepted: number[] = [];
  readonly sent: number[] = [];

  override send(attempt: AttemptContext): void {
    this.sent.push(attempt.number);
    super.send(attempt);
  }

  override abandon(reason: unknown, attempt: AttemptContext): void {
    this.abandoned.push(attempt.number);
    super.abandon(reason, attempt);
  }

  override discard(attempt: AttemptContext) {
    this.discarded.push(attempt.number);
    return super.discard(attempt);
  }

  override accept(attempt: AttemptContext): void {
    this.accepted.push(attempt.number);
    super.accept(attempt);
  }

  /** How often the operation ended. */
  get ends(): number {
    return this.log.filter((entry) => entry.startsWith('release')).length;
  }
}

const HEDGE = { delay: 50, maxHedges: 1, maxExtraLoad: 10 } as const;

interface Given {
  readonly options?: RetryOptions;
  readonly call?: CallOptions;
  readonly prepare?: (exchange: LegExchange, clock: VirtualClock) => void;
}

function start({ call, options, prepare }: Given = {}) {
  const { clock, engine } = virtualEngine({
    hedge: HEDGE,
    throwOnExhausted: false,
    ...options,
  });
  const exchange = new LegExchange(call);
  prepare?.(exchange, clock);
  const operation = exchange.start(engine);
  const leg = (number: number): AttemptContext => exchange.attempts[number - 1]!;
  return { clock, engine, exchange, leg, operation };
}

const told = ({ attempts }: RequestStatistics): unknown[] =>
  attempts.map(({ attemptNumber, failureClass, hedged, reason, status }) => [
    attemptNumber,
    hedged,
    status ?? failureClass,
    reason,
  ]);

describe('a slow attempt', () => {
  it('has company after the delay; the first that answers is accepted, and the other one abandoned', async () => {
    const { clock, exchange, leg, operation } = start();
    await clock.advance(49);
    expect(exchange.sent).toEqual([1]);
    await clock.advance(1);
    expect(exchange.sent).toEqual([1, 2]);
    operation.responded(response(200), leg(2));
    expect([exchange.abandoned, exchange.accepted, exchange.ends]).toEqual([[1], [2], 1]);
    expect(told(operation.statistics)).toEqual([
      [1, false, 'aborted', 'hedge_lost'],
      [2, true, 200, 'success'],
    ]);
    expect([leg(1).signal.aborted, leg(2).signal.aborted]).toEqual([true, false]);
    expect(clock.pending).toBe(0);
  });

  it('may answer before its hedge after all', async () => {
    const { clock, exchange, leg, operation } = start();
    await clock.advance(50);
    operation.responded(response(200), leg(1));
    expect([exchange.abandoned, exchange.accepted]).toEqual([[2], [1]]);
    expect(told(operation.statistics)).toEqual([
      [1, false, 200, 'success'],
      [2, true, 'aborted', 'hedge_lost'],
    ]);
  });

  it('is not heard any more when it has lost', async () => {
    const { clock, exchange, leg, operation } = start();
    await clock.advance(50);
    operation.responded(response(200), leg(2));
    operation.failed(codedError('ECONNRESET'), leg(1));
    operation.responded(response(503), leg(1));
    operation.succeeded(101, leg(1));
    await clock.advance(1000);
    expect([exchange.sent, exchange.ends, exchange.failures]).toEqual([[1, 2], 1, []]);
    expect(operation.statistics.attempts).toHaveLength(2);
  });

  it('has none where it is fast', async () => {
    const { clock, exchange, operation } = start();
    await clock.advance(49);
    operation.responded(response(200));
    expect(clock.pending).toBe(0);
    await clock.advance(1000);
    expect(exchange.sent).toEqual([1]);
  });

  it('hears a hedge that answers within its own sending', async () => {
    const { clock, exchange, operation } = start({
      prepare: (given) => {
        given.onSend = (attempt) => {
          if (attempt.number === 2) given.operation?.responded(response(200), attempt);
        };
      },
      options: { hedge: { ...HEDGE, maxHedges: 3 }, maxAttempts: 9 },
    });
    await clock.advance(1000);
    expect([exchange.sent, exchange.accepted, exchange.ends]).toEqual([[1, 2], [2], 1]);
    expect(told(operation.statistics)).toEqual([
      [1, false, 'aborted', 'hedge_lost'],
      [2, true, 200, 'success'],
    ]);
    expect(clock.pending).toBe(0);
  });

  it('has several hedges within maxHedges, and within maxAttempts', async () => {
    const many = start({ options: { hedge: { ...HEDGE, maxHedges: 3 }, maxAttempts: 9 } });
    await many.clock.advance(1000);
    expect(many.exchange.sent).toEqual([1, 2, 3, 4]);
    const few = start({ options: { hedge: { ...HEDGE, maxHedges: 9 }, maxAttempts: 3 } });
    await few.clock.advance(1000);
    expect(few.exchange.sent).toEqual([1, 2, 3]);
  });

  it('has no more than maxAttempts where another one fails within onRetry', async () => {
    const failed: AttemptContext[] = [];
    const given = start({
      options: {
        maxAttempts: 2,
        hedge: { ...HEDGE, maxHedges: 3 },
        hooks: {
          onRetry: () => {
            const first = given.leg(1);
            if (failed.push(first) === 1) given.operation.failed(codedError('ECONNRESET'), first);
          },
        },
      },
    });
    await given.clock.advance(200);
    expect(given.exchange.sent).toEqual([1, 2]);
    given.operation.responded(response(200), given.leg(2));
    expect([given.exchange.accepted, given.exchange.ends, given.clock.pending]).toEqual([[2], 1, 0]);
  });

  it('has its answer by an upgrade, too', async () => {
    const { clock, exchange, leg, operation } = start();
    await clock.advance(50);
    operation.succeeded(101, leg(1));
    expect([exchange.abandoned, exchange.accepted, exchange.ends]).toEqual([[2], [], 1]);
    expect(told(operation.statistics)).toEqual([
      [1, false, 101, 'success'],
      [2, true, 'aborted', 'hedge_lost'],
    ]);
    expect(clock.pending).toBe(0);
  });
});

describe('a request that is never hedged', () => {
  it.each<[string, Given]>([
    ['a POST without a key', { call: { method: 'POST' } }],
    ['a body that is read once', { prepare: (exchange) => (exchange.concurrent = false) }],
    ['a single attempt', { options: { maxAttempts: 1 } }],
    ['a client that is being closed', { prepare: (exchange) => (exchange.closing = true) }],
    ['a share of load that is used up', { options: { hedge: { ...HEDGE, maxExtraLoad: 0.05 } } }],
  ])('is %s', async (_what, given) => {
    const { clock, exchange, operation } = start(given);
    await clock.advance(1000);
    expect(exchange.sent).toEqual([1]);
    operation.responded(response(200));
    expect([exchange.accepted, clock.pending]).toEqual([[1], 0]);
  });

  it('is not a POST with a key', async () => {
    const { clock, exchange } = start({
      call: { method: 'POST' },
      prepare: (given) => (given.hasIdempotencyKey = true),
    });
    await clock.advance(50);
    expect(exchange.sent).toEqual([1, 2]);
  });
});

describe('a leg that fails in a way that passes', () => {
  it('starts the next hedge at once', async () => {
    const { clock, exchange, leg, operation } = start();
    await clock.advance(10);
    operation.responded(response(503), leg(1));
    expect([exchange.sent, exchange.discarded]).toEqual([[1, 2], [1]]);
    operation.responded(response(200), leg(2));
    expect(told(operation.statistics)).toEqual([
      [1, false, 503, 'transient_status'],
      [2, true, 200, 'success'],
    ]);
    expect([exchange.accepted, clock.pending]).toEqual([[2], 0]);
  });

  it.each([['at once'], ['by an error at once']])(
    'has a record when its hedge answers within its own sending, and so has the hedge: %s',
    (how) => {
      const { clock, exchange, operation } = start({
        options: { maxAttempts: 3, hedge: { ...HEDGE, maxHedges: 2 } },
        prepare: (given) => {
          given.onSend = (attempt) => {
            if (attempt.number === 3) given.operation?.responded(response(200), attempt);
            else if (how === 'at once') given.operation?.responded(response(503), attempt);
            else throw codedError('ECONNRESET');
          };
        },
      });
      expect([exchange.sent, exchange.accepted, exchange.ends]).toEqual([[1, 2, 3], [3], 1]);
      expect(operation.statistics.attempts.map(({ attemptNumber }) => attemptNumber)).toEqual([1, 2, 3]);
      expect(clock.pending).toBe(0);
    },
  );

  it('leaves the round to those that are under way', async () => {
    const { clock, exchange, leg, operation } = start();
    await clock.advance(50);
    operation.responded(response(503), leg(2));
    await clock.advance(1000);
    expect(exchange.sent).toEqual([1, 2]);
    operation.responded(response(200), leg(1));
    expect(told(operation.statistics)).toEqual([
      [1, false, 200, 'success'],
      [2, true, 503, 'transient_status'],
    ]);
  });

  it('as the last one goes to the normal decision: a wait, and a round of its own', async () => {
    const { clock, exchange, leg, operation } = start({ options: { maxAttempts: 9 } });
    operation.responded(response(503), leg(1));
    operation.failed(codedError('ECONNRESET'), leg(2));
    await clock.advance(199);
    expect(exchange.sent).toEqual([1, 2]);
    await clock.advance(1);
    expect(exchange.sent).toEqual([1, 2, 3]);
    await clock.advance(50);
    operation.responded(response(200), leg(4));
    expect([exchange.sent, exchange.abandoned, exchange.accepted]).toEqual([[1, 2, 3, 4], [3], [4]]);
    expect(operation.statistics.attempts.map(({ hedged }) => hedged)).toEqual([false, true, false, true]);
    expect(clock.pending).toBe(0);
  });

  it('with a hint stops hedging for the rest of the operation', async () => {
    const { clock, exchange, leg, operation } = start({ options: { maxAttempts: 9 } });
    operation.responded(response(503, { 'retry-after': '1' }), leg(1));
    await clock.advance(999);
    expect(exchange.sent).toEqual([1]);
    await clock.advance(101 + 1000);
    expect(exchange.sent).toEqual([1, 2]);
    operation.responded(response(503), leg(2));
    expect(exchange.sent).toEqual([1, 2]);
  });
});

describe('a fatal outcome', () => {
  it('is the answer, and cancels all', async () => {
    const { clock, exchange, leg, operation } = start({ options: { maxAttempts: 9 } });
    await clock.advance(50);
    operation.responded(response(404), leg(2));
    expect([exchange.abandoned, exchange.accepted, exchange.ends]).toEqual([[1], [2], 1]);
    expect(operation.statistics.result).toBe('non_retryable_error');
    expect(operation.statistics.attempts).toMatchObject([
      { failureClass: 'aborted', reason: 'hedge_lost' },
      { failureClass: 'permanent', status: 404 },
    ]);
    expect(clock.pending).toBe(0);
  });

  it('as an error is what the caller gets', async () => {
    const { clock, exchange, leg, operation } = start();
    await clock.advance(50);
    const fault = new TypeError('fault');
    operation.failed(fault, leg(1));
    expect([exchange.abandoned, exchange.failures]).toEqual([[2], [fault]]);
  });
});

describe('a hedge that the client refuses to send', () => {
  const refusing: Given['prepare'] = (given) => {
    given.onSend = ({ number }) => {
      if (number > 1) throw new TypeError('closed');
    };
  };

  it.each<[string, RetryOptions]>([
    ['at once', {}],
    ['as shouldRetry sees it', { shouldRetry: () => undefined }],
  ])('ends none that is under way, and is the last one: %s', async (_how, options) => {
    const { clock, exchange, leg, operation } = start({
      options: { ...options, maxAttempts: 9, hedge: { ...HEDGE, maxHedges: 3 } },
      prepare: refusing,
    });
    await clock.advance(1000);
    expect([exchange.sent, exchange.ends]).toEqual([[1, 2], 0]);
    operation.responded(response(200), leg(1));
    await clock.advance(0);
    expect([exchange.accepted, exchange.ends, clock.pending]).toEqual([[1], 1, 0]);
    expect(told(operation.statistics)).toEqual([
      [1, false, 200, 'success'],
      [2, true, 'permanent', 'permanent_failure'],
    ]);
  });

  it('is the end where nothing else is under way', () => {
    const { clock, exchange, operation } = start({ options: { maxAttempts: 9 }, prepare: refusing });
    operation.responded(response(503));
    expect(exchange.failures).toMatchObject([{ message: 'closed' }]);
    expect([exchange.ends, clock.pending]).toEqual([1, 0]);
  });
});

describe('shouldRetry', () => {
  it('is asked for each leg; one that another has overtaken is not heard any more', async () => {
    const answers: ((verdict: boolean) => void)[] = [];
    const asked: number[] = [];
    const { clock, exchange, leg, operation } = start({
      options: {
        shouldRetry: (_outcome, { attemptNumber }) => {
          asked.push(attemptNumber);
          return new Promise<boolean>((resolve) => void answers.push(resolve));
        },
      },
    });
    await clock.advance(50);
    operation.responded(response(200), leg(1));
    operation.responded(response(200), leg(2));
    await clock.advance(0);
    expect(asked).toEqual([1, 2]);
    answers[1]!(false);
    await clock.advance(0);
    answers[0]!(true);
    await clock.advance(1000);
    expect([exchange.abandoned, exchange.accepted, exchange.ends]).toEqual([[1], [2], 1]);
    expect(told(operation.statistics)).toEqual([
      [1, false, 200, 'hedge_lost'],
      [2, true, 200, 'success'],
    ]);
  });

  it('may make a failure of the first answer: then the round goes on', async () => {
    const answers = [true, undefined];
    const { clock, exchange, leg, operation } = start({ options: { shouldRetry: () => answers.shift() } });
    await clock.advance(50);
    operation.responded(response(200), leg(1));
    await clock.advance(0);
    expect(exchange.discarded).toEqual([1]);
    operation.responded(response(200), leg(2));
    await clock.advance(0);
    expect([exchange.accepted, exchange.ends]).toEqual([[2], 1]);
  });
});

describe('attemptTimeout', () => {
  it('spans the whole round, and what follows is a round of its own', async () => {
    const { clock, exchange, leg, operation } = start({ options: { attemptTimeout: 80 } });
    await clock.advance(80);
    expect(exchange.abandoned).toEqual([2, 1]);
    await clock.advance(200);
    expect(exchange.sent).toEqual([1, 2, 3]);
    operation.responded(response(200), leg(3));
    expect(operation.statistics.attempts).toMatchObject([
      { failureClass: 'timeout', error: { name: 'AttemptTimeoutError' } },
      { failureClass: 'timeout', hedged: true, reason: 'attempt_timeout' },
      { success: true },
    ]);
    expect(clock.pending).toBe(0);
  });

  it('that a callback turns into an abort abandons each leg once, while shouldRetry thinks about one', async () => {
    const controller = new AbortController();
    const { clock, exchange, operation } = start({
      call: { method: 'GET', signal: controller.signal },
      options: {
        attemptTimeout: 150,
        hedge: { ...HEDGE, maxHedges: 2 },
        shouldRetry: () => neverSettles(),
        hooks: {
          onAttempt: () => {
            controller.abort('stop');
          },
        },
      },
    });
    operation.responded(response(503));
    await clock.advance(150);
    expect(exchange.sent).toEqual([1, 2, 3]);
    expect(exchange.abandoned.toSorted((one, other) => one - other)).toEqual([1, 2, 3]);
    expect([exchange.ends, exchange.failures]).toEqual([1, ['stop']]);
    expect(clock.pending).toBe(0);
  });

  it('ends with the round, and not in the wait that follows', async () => {
    const { clock, exchange, operation } = start({ options: { attemptTimeout: 80 } });
    operation.responded(response(503, { 'retry-after-ms': '1000' }));
    expect(clock.pending).toBe(1);
    await clock.advance(999);
    expect([exchange.sent, exchange.failures]).toEqual([[1], []]);
    await clock.advance(101);
    expect(exchange.sent).toEqual([1, 2]);
  });

  it('spans the hedge that a failure has started, too', async () => {
    const { clock, exchange, leg, operation } = start({
      options: { attemptTimeout: 80, hedge: { ...HEDGE, delay: 70 } },
    });
    await clock.advance(60);
    operation.responded(response(503), leg(1));
    await clock.advance(19);
    expect(exchange.abandoned).toEqual([]);
    await clock.advance(1);
    expect(exchange.abandoned).toEqual([2]);
    expect(operation.statistics.attempts).toMatchObject([{ status: 503 }, { failureClass: 'timeout' }]);
  });
});

describe('the end from outside', () => {
  const ways: [
    string,
    RetryOptions,
    (controller: AbortController, given: ReturnType<typeof start>) => unknown,
  ][] = [
    [
      'by the signal',
      {},
      (controller) => {
        controller.abort('stop');
      },
    ],
    [
      'by the client',
      {},
      (_controller, { operation }) => {
        operation.abort('stop');
      },
    ],
    ['by timeout', { timeout: 80 }, (_controller, { clock }) => clock.advance(80)],
  ];

  it.each(ways)('%s ends all legs, with a record for each', async (_how, options, end) => {
    const controller = new AbortController();
    const given = start({ options, call: { method: 'GET', signal: controller.signal } });
    await given.clock.advance(60);
    await end(controller, given);
    const { clock, exchange, leg, operation } = given;
    expect(exchange.abandoned).toEqual([2, 1]);
    expect([exchange.failures.length, exchange.ends, clock.pending]).toEqual([1, 1, 0]);
    expect([leg(1).signal.aborted, leg(2).signal.aborted]).toEqual([true, true]);
    const failureClass = options.timeout === undefined ? 'aborted' : 'timeout';
    expect(operation.statistics.attempts).toMatchObject([
      { attemptNumber: 1, failureClass },
      { attemptNumber: 2, failureClass, hedged: true },
    ]);
  });

  it('while shouldRetry thinks ends the response too', async () => {
    const { clock, exchange, leg, operation } = start({
      options: { shouldRetry: () => new Promise<boolean>(() => undefined) },
    });
    await clock.advance(50);
    operation.responded(response(200), leg(2));
    operation.abort('stop');
    await clock.advance(0);
    expect(exchange.abandoned).toEqual([2, 1]);
    expect([exchange.failures, exchange.ends]).toEqual([['stop'], 1]);
  });
});

describe('an abort in a callback', () => {
  type Started = ReturnType<typeof start>;
  type Hook = 'onAttempt' | 'onRetry';
  const cases: [string, Hook, RetryOptions, (given: Started) => unknown][] = [
    ['when a hedge is told of', 'onRetry', {}, () => undefined],
    [
      'when a failure starts a hedge',
      'onRetry',
      {},
      ({ operation }) => {
        operation.responded(response(503));
      },
    ],
    [
      'when a failure is told of',
      'onAttempt',
      {},
      ({ operation }) => {
        operation.responded(response(503));
      },
    ],
    ['when a loser is told of', 'onAttempt', {}, () => 'answer'],
    ['when a leg has lost its time', 'onAttempt', { attemptTimeout: 80 }, () => undefined],
    ['when a leg ends with the operation', 'onAttempt', { timeout: 80 }, () => undefined],
  ];

  it('leaves no timer of the hedge that would have been next', () => {
    const controller = new AbortController();
    const { clock, exchange, operation } = start({
      call: { method: 'GET', signal: controller.signal },
      options: {
        hedge: { ...HEDGE, maxHedges: 3 },
        maxAttempts: 9,
        hooks: {
          onAttempt: () => {
            controller.abort('stop');
          },
        },
      },
    });
    operation.responded(response(503));
    expect([exchange.sent, exchange.failures, clock.pending]).toEqual([[1], ['stop'], 0]);
  });

  it.each(cases)(
    '%s ends everything once, and nothing is sent after it',
    async (_when, hook, options, act) => {
      const controller = new AbortController();
      let calls = 0;
      let sentBefore: number[] = [];
      const begun: number[] = [];
      using observation = instrument({
        operationStarted: () => ({
          attemptStarted: ({ attemptNumber }) => {
            begun.push(attemptNumber);
          },
        }),
      });
      const given = start({
        call: { method: 'GET', signal: controller.signal },
        options: {
          ...options,
          hooks: {
            [hook]: () => {
              calls += 1;
              if (calls !== 1) return;
              sentBefore = [...given.exchange.sent];
              controller.abort('stop');
            },
          },
        },
      });
      const { clock, exchange, leg, operation } = given;
      expect(observation).toBeDefined();
      if (act(given) === 'answer') {
        await clock.advance(50);
        operation.responded(response(200), leg(1));
      }
      await clock.advance(1000);
      expect(calls).toBeGreaterThan(0);
      expect([exchange.sent, begun]).toEqual([sentBefore, sentBefore]);
      expect([exchange.ends, exchange.failures.length, exchange.accepted]).toEqual([1, 1, []]);
      expect(operation.statistics.attempts.map(({ attemptNumber }) => attemptNumber)).toEqual(sentBefore);
      expect(clock.pending).toBe(0);
      for (const attempt of exchange.attempts) operation.responded(response(200), attempt);
      expect([exchange.ends, exchange.failures.length, exchange.accepted]).toEqual([1, 1, []]);
    },
  );
});

describe('whatever the legs do', () => {
  const event = fc.oneof(
    fc.record({ wait: fc.nat(60), leg: fc.nat(3), status: fc.constantFrom(200, 404, 503, 503, 503) }),
    fc.record({ wait: fc.nat(60), leg: fc.nat(3), error: fc.constant(true) }),
    fc.record({ wait: fc.nat(200), leg: fc.nat(3), hint: fc.constant(true) }),
    fc.record({ wait: fc.nat(60), leg: fc.nat(3), abort: fc.constant(true) }),
  );
  const settings = fc.record({
    maxAttempts: fc.integer({ min: 1, max: 6 }),
    maxHedges: fc.integer({ min: 1, max: 3 }),
    delay: fc.constantFrom(0, 5, 40),
    attemptTimeout: fc.option(fc.integer({ min: 41, max: 150 }), { nil: undefined }),
    /** Attempts that answer within their own sending, and with what. */
    atOnce: fc.array(fc.constantFrom(undefined, undefined, 200, 503), { maxLength: 6 }),
    abortIn: fc.constantFrom<('onAttempt' | 'onRetry' | undefined)[]>(
      undefined,
      undefined,
      'onAttempt',
      'onRetry',
    ),
    asks: fc.constantFrom('never', 'at once', 'slowly'),
  });

  it('there is one end, a record for each attempt that was begun, and nothing is left', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 12 }), settings, async (events, given) => {
        const { abortIn, asks, atOnce, attemptTimeout, delay, maxAttempts, maxHedges } = given;
        const controller = new AbortController();
        let hooks = 0;
        let time: VirtualClock | undefined;
        const started = start({
          call: { method: 'GET', signal: controller.signal },
          options: {
            timeout: 2000,
            maxAttempts,
            baseDelay: 10,
            hedge: { delay, maxHedges, maxExtraLoad: 10 },
            ...(attemptTimeout !== undefined && { attemptTimeout }),
            ...(abortIn && {
              hooks: {
                [abortIn]: () => {
                  hooks += 1;
                  if (hooks === 2) controller.abort('stop');
                },
              },
            }),
            ...(asks !== 'never' && {
              shouldRetry: () =>
                asks === 'at once'
                  ? undefined
                  : new Promise<undefined>((resolve) => {
                      time?.schedule(7, () => {
                        resolve(undefined);
                      });
                    }),
            }),
          },
          prepare: (exchange, clock) => {
            time = clock;
            exchange.onSend = (attempt) => {
              const status = atOnce[attempt.number - 1];
              if (status !== undefined) exchange.operation?.responded(response(status), attempt);
            };
          },
        });
        const { clock, exchange, operation } = started;
        const responded = new Set<number>();
        for (const next of events) {
          await clock.advance(next.wait);
          const attempt = exchange.attempts.at(-1 - next.leg);
          if (attempt === undefined || responded.has(attempt.number) || atOnce[attempt.number - 1]) continue;
          if ('abort' in next) {
            controller.abort('stop');
            continue;
          }
          // Each attempt ends once, as those of a client do.
          responded.add(attempt.number);
          if ('error' in next) operation.failed(codedError('ECONNRESET'), attempt);
          else if ('hint' in next) operation.responded(response(503, { 'retry-after-ms': '30' }), attempt);
          else operation.responded(response(next.status), attempt);
        }
        await clock.advance(5000);
        const { attempts } = operation.statistics;
        const numbers = attempts.map(({ attemptNumber }) => attemptNumber);
        expect(exchange.ends).toBe(1);
        expect(exchange.accepted.length + exchange.failures.length).toBe(1);
        expect(numbers).toEqual(numbers.map((_, index) => index + 1));
        expect(exchange.sent.every((number) => numbers.includes(number))).toBe(true);
        expect(numbers.length).toBeLessThanOrEqual(maxAttempts);
        let hedges = 0;
        for (const { hedged } of attempts) {
          hedges = hedged ? hedges + 1 : 0;
          expect(hedges).toBeLessThanOrEqual(maxHedges);
        }
        // Whatever was sent is given up, discarded or the caller's; errors need none of it.
        const over = new Set([...exchange.abandoned, ...exchange.discarded, ...exchange.accepted]);
        const unfinished = exchange.sent.filter((number) => !over.has(number));
        for (const number of unfinished) expect(attempts[number - 1]?.error?.code).toBe('ECONNRESET');
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
