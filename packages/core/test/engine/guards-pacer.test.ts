import { describe, expect, it } from 'vitest';

import { OperationTimeoutError } from '../../src/errors.ts';
import type { RetryEngine } from '../../src/engine.ts';
import type { Exchange } from '../../src/exchange.ts';
import type { RetryOptions } from '../../src/options.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { DRIVERS, guardedEngine } from '../guarded-request.ts';
import type { Start } from '../guarded-request.ts';
import { response } from '../operation-driver.ts';
import { rejectionOf } from '../virtual-engine.ts';

const make = (options: RetryOptions = {}) => guardedEngine({ pacer: {}, ...options });

/** The server says that nothing is left for a while. */
async function exhaustQuota(
  start: Start,
  { clock, engine }: { clock: VirtualClock; engine: RetryEngine },
  seconds: number,
): Promise<void> {
  start(engine).answer(200, { ratelimit: `"default";r=0;t=${seconds}` });
  await clock.advance(0);
}

it('the pacer reads what is left from the response in an error, too', async () => {
  const { engine } = make();
  const error = Object.assign(new Error('not found'), { status: 404 });
  const headers = { ratelimit: '"default";r=0;t=60' };
  const exchange: Exchange<never> = {
    call: {},
    send: () => Promise.reject(error),
    describeError: () => ({ kind: 'error', error, response: response(404, headers) }),
  };
  await rejectionOf(engine.run(exchange));
  expect(engine.guards.snapshot()[0]?.pacer).toMatchObject({ rate: 0 });
});

it('the pacer reads what is left from an error that a function throws', async () => {
  const { engine } = make();
  const headers = { ratelimit: '"default";r=0;t=60' };
  const error = Object.assign(new Error('not found'), { response: { status: 404, headers } });
  await rejectionOf(engine.execute(() => Promise.reject(error)));
  expect(engine.guards.snapshot()[0]?.pacer).toMatchObject({ rate: 0 });
});

describe.each(DRIVERS)('the pacer, over %s', (_driver, start) => {
  it('lets everything through while nothing asks for less', async () => {
    const { clock, engine } = make();
    const requests = Array.from({ length: 50 }, () => start(engine));
    await clock.advance(0);
    expect(requests.every(({ sent }) => sent === 1)).toBe(true);
    expect([engine.guards.snapshot()[0]?.pacer, clock.pending]).toMatchObject([
      { rate: Infinity, queued: 0 },
      0,
    ]);
  });

  it('lets a request wait after throttling, and says so in its record', async () => {
    const { clock, ends, engine } = make({ pacer: { minRate: 0.5 } });
    start(engine, { retry: { maxAttempts: 1, throwOnExhausted: false } }).answer(429);
    await clock.advance(0);
    const request = start(engine);
    await clock.advance(1999);
    expect([request.sent, engine.guards.snapshot()[0]?.pacer]).toMatchObject([0, { rate: 0.5, queued: 1 }]);
    await clock.advance(1);
    expect(request.sent).toBe(1);
    await clock.advance(30);
    request.answer(200);
    await clock.advance(0);
    expect(ends.at(-1)?.statistics).toMatchObject({
      result: 'success',
      totalDelay: 2000,
      totalTime: 2030,
      attempts: [{ delayBefore: 2000, responseTime: 30 }],
    });
    expect(clock.pending).toBe(0);
  });

  it('lets a retry wait for its turn, after its own wait', async () => {
    const { clock, ends, engine } = make({ throttledBaseDelay: 500 });
    const request = start(engine);
    request.answer(429);
    await clock.advance(1999);
    expect(request.sent).toBe(1);
    await clock.advance(1);
    expect(request.sent).toBe(2);
    request.answer(200);
    await clock.advance(0);
    expect(ends[0]?.statistics.attempts).toMatchObject([{ delayBefore: 0 }, { delayBefore: 2000 }]);
  });

  it('lets requests through in their order', async () => {
    const world = make();
    const { clock, engine } = world;
    start(engine, { retry: { maxAttempts: 1, throwOnExhausted: false } }).answer(429);
    await clock.advance(0);
    const requests = [1, 2, 3].map(() => start(engine));
    await clock.advance(2000);
    expect(requests.map(({ sent }) => sent)).toEqual([1, 0, 0]);
    await clock.advance(2000);
    expect(requests.map(({ sent }) => sent)).toEqual([1, 1, 0]);
  });

  it('obeys what the server says is left, before it has to refuse', async () => {
    const world = make();
    await exhaustQuota(start, world, 5);
    const request = start(world.engine);
    await world.clock.advance(4999);
    expect(request.sent).toBe(0);
    await world.clock.advance(1);
    expect(request.sent).toBe(1);
  });

  it('does not begin a wait that would outlast timeout', async () => {
    const world = make();
    const { clock, ends, engine } = world;
    await exhaustQuota(start, world, 60);
    const request = start(engine, { retry: { timeout: 1000 } });
    await clock.advance(0);
    expect((request.end as { error: unknown }).error).toBeInstanceOf(OperationTimeoutError);
    expect([request.sent, clock.now(), clock.pending]).toEqual([0, 0, 0]);
    expect(ends.at(-1)?.statistics).toMatchObject({ result: 'timeout', reason: 'wait_exceeds_timeout' });
    expect(engine.guards.snapshot()[0]?.pacer?.queued).toBe(0);
  });

  it('leaves an aborted waiter no place: the next one has its turn', async () => {
    const world = make();
    const { clock, ends, engine } = world;
    await exhaustQuota(start, world, 5);
    const controller = new AbortController();
    const aborted = start(engine, { signal: controller.signal });
    await clock.advance(1000);
    controller.abort('stop');
    await clock.advance(0);
    expect(aborted.end).toEqual({ error: 'stop' });
    expect(ends.at(-1)?.statistics).toMatchObject({ reason: 'caller_aborted', totalDelay: 1000 });
    expect([aborted.sent, clock.pending, engine.guards.snapshot()[0]?.pacer?.queued]).toEqual([0, 0, 0]);
    const next = start(engine);
    await clock.advance(4000);
    expect([aborted.sent, next.sent]).toEqual([0, 1]);
  });
});
