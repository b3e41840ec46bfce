import { AsyncLocalStorage } from 'node:async_hooks';

import { afterEach, describe, expect, it, vi } from 'vitest';

import type { AttemptObserver, Instrumentation, OperationObserver } from '../../src/instrumentation.ts';
import { instrument } from '../../src/observation.ts';
import { FakeEventExchange } from '../fake-event-exchange.ts';
import { FakeExchange } from '../fake-exchange.ts';
import { response } from '../operation-driver.ts';
import { codedError, neverSettles, rejectionOf, virtualEngine } from '../virtual-engine.ts';

const handles: Disposable[] = [];
afterEach(() => {
  for (const handle of handles.splice(0)) handle[Symbol.dispose]();
});

/** Observes until the test is over. */
const observe = (instrumentation: Instrumentation): void => void handles.push(instrument(instrumentation));

const attempts = (observer: AttemptObserver | undefined): Instrumentation => ({
  operationStarted: () => ({ attemptStarted: () => observer }),
});

/** An instrumentation that writes down everything that it is told. */
const recorder = (): { told: unknown[]; instrumentation: Instrumentation } => {
  const told: unknown[] = [];
  const note = (what: string, of?: unknown): void => void told.push(of === undefined ? what : [what, of]);
  const instrumentation: Instrumentation = {
    operationStarted({ key, method, url }) {
      note('operation', { key, method, url });
      return {
        run(begin) {
          note('begin');
          return begin();
        },
        attemptStarted({ attemptNumber, hedged }) {
          note('attempt', { attemptNumber, hedged });
          return {
            run(send) {
              note('send');
              return send();
            },
            ended({ reason, status }) {
              note('attempt ended', { reason, status });
            },
          };
        },
        ended(end) {
          note('ended', 'error' in end ? 'error' : end.statistics.result);
        },
      };
    },
  };
  return { told, instrumentation };
};

const WHOLE = [
  ['operation', { key: 'https://a.example', method: 'GET', url: 'https://a.example/path' }],
  'begin',
  ['attempt', { attemptNumber: 1, hedged: false }],
  'send',
  ['attempt ended', { reason: 'transient_status', status: 503 }],
  ['attempt', { attemptNumber: 2, hedged: false }],
  'send',
  ['attempt ended', { reason: 'success', status: 200 }],
  ['ended', 'success'],
];

describe('an instrumentation', () => {
  it('is told of an operation and its attempts, in order, and never the query', async () => {
    const { told, instrumentation } = recorder();
    observe(instrumentation);
    const { clock, engine } = virtualEngine();
    await clock.run(engine.run(new FakeExchange([503, 200])));
    expect(told).toEqual(WHOLE);
  });

  it('is told the same of a client that answers by events', async () => {
    const { told, instrumentation } = recorder();
    observe(instrumentation);
    const { clock, engine } = virtualEngine();
    const operation = new FakeEventExchange().start(engine);
    operation.responded(response(503));
    await clock.advance(100);
    operation.responded(response(200));
    expect(told.slice(1)).toEqual(WHOLE.slice(1));
  });

  it('is told how an attempt ended before a hook can end the operation', async () => {
    const { told, instrumentation } = recorder();
    observe(instrumentation);
    const controller = new AbortController();
    const { clock, engine } = virtualEngine({
      hedge: { delay: 50, maxExtraLoad: 1 },
      maxAttempts: 2,
      hooks: {
        onAttempt: () => {
          controller.abort('stop');
        },
      },
    });
    const running = engine.execute(
      ({ number }) => (number === 1 ? neverSettles() : Promise.reject(codedError('ECONNRESET'))),
      { signal: controller.signal },
    );
    expect(await rejectionOf(clock.run(running))).toBe('stop');
    expect(told.slice(-3)).toEqual([
      ['attempt ended', { reason: 'transport_error' }],
      ['attempt ended', { reason: 'caller_aborted' }],
      ['ended', 'error'],
    ]);
  });

  it.each([
    ['first attempt', 1, 0],
    ['hedge', 2, 1],
  ])('may abort when it is told of a %s: nothing is sent then', async (_, at, sent) => {
    const controller = new AbortController();
    observe({
      operationStarted: () => ({
        attemptStarted: ({ attemptNumber }) => {
          if (attemptNumber === at) controller.abort('stop');
          return undefined;
        },
      }),
    });
    const { clock, engine } = virtualEngine({ hedge: { delay: 50, maxExtraLoad: 1 } });
    const operation = vi.fn<() => Promise<never>>(neverSettles);
    const running = engine.execute(operation, { signal: controller.signal });
    expect(await rejectionOf(clock.run(running))).toBe('stop');
    expect(operation).toHaveBeenCalledTimes(sent);
  });

  it('is told of every hedge, the one that lost too', async () => {
    const { told, instrumentation } = recorder();
    observe(instrumentation);
    const { clock, engine } = virtualEngine({ hedge: { delay: 50, maxExtraLoad: 1 }, budget: false });
    const slowFirst = ({ number }: { number: number }): Promise<string> =>
      new Promise((resolve) => {
        clock.schedule(number === 1 ? 1000 : 10, () => {
          resolve('done');
        });
      });
    await clock.run(engine.execute(slowFirst, { method: 'GET' }));
    expect(told.slice(2)).toEqual([
      ['attempt', { attemptNumber: 1, hedged: false }],
      'send',
      ['attempt', { attemptNumber: 2, hedged: true }],
      'send',
      ['attempt ended', { reason: 'hedge_lost' }],
      ['attempt ended', { reason: 'success' }],
      ['ended', 'success'],
    ]);
  });

  it('is told of what is thrown: an abort in an attempt, and one before the first', async () => {
    const { told, instrumentation } = recorder();
    observe(instrumentation);
    const { engine } = virtualEngine();
    const controller = new AbortController();
    const pending = rejectionOf(
      engine.execute(() => new Promise(() => undefined), { signal: controller.signal }),
    );
    controller.abort('enough');
    expect(await pending).toBe('enough');
    await rejectionOf(engine.execute(() => 1, { signal: controller.signal }));
    expect(told.slice(4)).toEqual([
      ['attempt ended', { reason: 'caller_aborted' }],
      ['ended', 'error'],
      ['operation', { key: '' }],
      'begin',
      ['ended', 'error'],
    ]);
  });

  it('is told of a request that could not even begin', async () => {
    const { told, instrumentation } = recorder();
    observe(instrumentation);
    const { engine } = virtualEngine();
    const exchange = Object.assign(new FakeExchange([200]), {
      begin() {
        throw new TypeError('no such body');
      },
    });
    expect(await rejectionOf(engine.run(exchange))).toEqual(new TypeError('no such body'));
    expect(told.at(-1)).toEqual(['ended', 'error']);
  });

  it('sets headers of each attempt, the first one too', async () => {
    observe({
      operationStarted: () => ({
        attemptStarted: ({ attemptNumber, headers }) => {
          headers.set('traceparent', `span-${attemptNumber}`);
          return undefined;
        },
      }),
    });
    const { clock, engine } = virtualEngine();
    const exchange = new FakeExchange([503, 200]);
    await clock.run(engine.run(exchange));
    expect(exchange.sentHeaders).toEqual([{ traceparent: 'span-1' }, { traceparent: 'span-2' }]);
  });

  it('adds no headers where it sets none', async () => {
    observe(recorder().instrumentation);
    const { engine } = virtualEngine();
    await engine.execute(({ headers }) => {
      expect(headers).toBeUndefined();
    });
  });

  it('has the operation in its context, and each attempt in one of its own', async () => {
    const store = new AsyncLocalStorage<string>();
    observe({
      operationStarted: () => ({
        run: (begin) => store.run('operation', begin),
        attemptStarted: ({ attemptNumber }) => ({
          run: (send) => store.run(`attempt ${attemptNumber} in ${store.getStore()}`, send),
        }),
      }),
    });
    const { clock, engine } = virtualEngine();
    const seen: (string | undefined)[] = [];
    const operation = async ({ number }: { number: number }): Promise<void> => {
      await Promise.resolve();
      seen.push(store.getStore());
      if (number < 3) throw new Error('again');
    };
    await clock.run(engine.execute(operation));
    expect(seen).toEqual(['attempt 1 in operation', 'attempt 2 in operation', 'attempt 3 in operation']);
  });

  it('has the operation in its context again when a client answers by an event', async () => {
    const store = new AsyncLocalStorage<string>();
    observe({
      operationStarted: () => ({
        run: (begin) => store.run('operation', begin),
        resume: (goOn) => store.run('operation', goOn),
        attemptStarted: () => ({ run: (send) => store.run('attempt', send) }),
      }),
    });
    const seen: (string | undefined)[] = [];
    const note = (): undefined => void seen.push(store.getStore());
    const hooks = { onAttempt: note, onRetry: note, onSuccess: note };
    const { clock, engine } = virtualEngine({ shouldRetry: note, hooks });
    const operation = new FakeEventExchange().start(engine);
    store.run('socket', () => {
      operation.responded(response(503));
    });
    await clock.advance(100);
    store.run('socket', () => {
      operation.failed(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
    });
    await clock.advance(200);
    store.run('socket', () => {
      operation.succeeded(200);
    });
    expect(new Set(seen)).toEqual(new Set(['operation']));
    expect(seen).toHaveLength(8);
  });

  it('is one of several, the first one outermost', async () => {
    const order: string[] = [];
    for (const name of ['outer', 'inner']) {
      observe({
        operationStarted: () => ({
          run: (begin) => {
            order.push(name);
            return begin();
          },
        }),
      });
    }
    await virtualEngine().engine.execute(() => 1);
    expect(order).toEqual(['outer', 'inner']);
  });

  it('is told nothing more after it was disposed of', async () => {
    const { told, instrumentation } = recorder();
    instrument(instrumentation)[Symbol.dispose]();
    await virtualEngine().engine.execute(() => 1);
    expect(told).toEqual([]);
  });

  it.each<unknown>([undefined, null, {}, 'spans'])(
    'that is %o is refused, and said why',
    (instrumentation) => {
      expect(() => instrument(instrumentation as Instrumentation)).toThrow(
        /^instrumentation: .*accepted: an object with a function operationStarted/u,
      );
    },
  );
});

describe('an instrumentation that fails', () => {
  const fails = (): never => {
    throw new Error('telemetry is down');
  };
  const operations = (observer: OperationObserver): Instrumentation => ({ operationStarted: () => observer });

  it.each<[string, Instrumentation]>([
    ['at the start', { operationStarted: fails }],
    ['before it begins', operations({ run: fails })],
    [
      'after it has begun',
      operations({
        run: (begin) => {
          begin();
          return fails();
        },
      }),
    ],
    [
      'by beginning twice',
      operations({
        run: (begin) => {
          begin();
          return begin();
        },
      }),
    ],
    ['at an attempt', operations({ attemptStarted: fails })],
    ['before it sends', attempts({ run: fails })],
    ['at the end of an attempt', attempts({ ended: fails })],
    ['at the end', operations({ ended: fails })],
  ])('%s changes nothing, and is reported at most once', async (_, instrumentation) => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    observe(instrumentation);
    const { clock, engine } = virtualEngine();
    const exchange = new FakeExchange([503, 200]);
    await expect(clock.run(engine.run(exchange))).resolves.toMatchObject({ status: 200 });
    await expect(engine.run(new FakeExchange([200]))).resolves.toMatchObject({ status: 200 });
    expect(warn.mock.calls.length).toBeLessThanOrEqual(1);
    expect(engine.statistics.snapshot().totalAttempts).toBe(3);
    warn.mockRestore();
  });

  it('does not hide what an attempt throws', async () => {
    observe(operations({ run: (begin) => begin() }));
    const { engine } = virtualEngine();
    const error = new TypeError('fault');
    const thrown = await rejectionOf(
      engine.execute(() => {
        throw error;
      }),
    );
    expect(thrown).toBe(error);
  });
});
