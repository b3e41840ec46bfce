import { describe, expect, it } from 'vitest';

import { CircuitOpenError, OperationTimeoutError } from '../../src/errors.ts';
import type { RetryOptions } from '../../src/options.ts';
import { DRIVERS, guardedEngine, KEY } from '../guarded-request.ts';
import { codedError, neverSettles, virtualEngine } from '../virtual-engine.ts';

const OPEN_TIME = 1000;
const once = { minimumThroughput: 1, openTime: OPEN_TIME, openTimeJitter: 0, probes: 1 } as const;
/** An engine whose circuits one failure opens. */
const make = (options: RetryOptions = {}) => guardedEngine({ circuitBreaker: once, ...options });

describe.each(DRIVERS)('the circuit breaker, over %s', (_driver, start) => {
  it('open refuses a first attempt: nothing is sent', async () => {
    const { clock, ends, engine } = make();
    engine.guards.circuitBreaker(KEY)?.open();
    const request = start(engine);
    await clock.advance(0);
    const { error } = request.end as { error: CircuitOpenError };
    expect(error).toBeInstanceOf(CircuitOpenError);
    expect(error).toMatchObject({ code: 'TENAX_CIRCUIT_OPEN', key: KEY, opensFor: Infinity });
    expect(error.message).toBe(`The circuit of ${KEY} is open until it is closed by hand`);
    expect([request.sent, clock.pending]).toEqual([0, 0]);
    const end = { result: 'circuit_breaker_open', reason: 'circuit_breaker_open', attempts: [] };
    expect(error.statistics).toMatchObject(end);
    expect(ends).toMatchObject([{ key: KEY, statistics: end }]);
    expect(engine.statistics.snapshot().results.circuit_breaker_open).toBe(1);
  });

  it("opened by the operation's own failure ends it, with that failure as the cause", async () => {
    const { clock, engine } = make();
    const request = start(engine);
    const cause = codedError('ECONNRESET');
    request.fail(cause);
    await clock.advance(0);
    expect(request.end).toMatchObject({ error: { code: 'TENAX_CIRCUIT_OPEN', opensFor: OPEN_TIME, cause } });
    expect([request.sent, clock.pending, engine.circuit(KEY)]).toEqual([1, 0, 'open']);
  });

  it('opened by its own failure gives the last response itself without throwOnExhausted', async () => {
    const { clock, ends, engine } = make({ throwOnExhausted: false });
    const request = start(engine);
    request.answer(503);
    await clock.advance(0);
    expect(request.end).toEqual({ status: 503 });
    expect(ends[0]?.statistics).toMatchObject({
      result: 'circuit_breaker_open',
      reason: 'circuit_breaker_open',
    });
  });

  it('that opens while a retry waits ends the wait at once', async () => {
    const { clock, ends, engine } = make({
      circuitBreaker: { ...once, minimumThroughput: 2 },
      baseDelay: 900,
    });
    const waiting = start(engine);
    const cause = codedError('ECONNREFUSED');
    waiting.fail(cause);
    await clock.advance(100);
    expect([waiting.end, clock.pending]).toEqual([undefined, 1]);
    const other = start(engine);
    other.answer(503);
    await clock.advance(0);
    expect(waiting.end).toMatchObject({ error: { code: 'TENAX_CIRCUIT_OPEN', opensFor: OPEN_TIME, cause } });
    expect([waiting.sent, clock.pending, clock.now()]).toEqual([1, 0, 100]);
    expect(ends.at(-1)?.statistics).toMatchObject({ result: 'circuit_breaker_open', totalDelay: 100 });
  });

  it('gets back the place of a probe that says nothing of the destination once', async () => {
    const { clock, engine } = make();
    start(engine).answer(503);
    await clock.advance(OPEN_TIME);
    const probe = start(engine);
    probe.fail(codedError('ERR_INVALID_URL'));
    await clock.advance(0);
    const breaker = engine.guards.circuitBreaker(KEY)!;
    expect([breaker.state, probe.sent]).toEqual(['half-open', 1]);
    expect([breaker.tryAcquire(), breaker.tryAcquire()]).toEqual([expect.any(Number), undefined]);
  });

  it('that has refused a request does not keep its destination from being forgotten', async () => {
    const { clock, engine } = virtualEngine({ circuitBreaker: once, maxKeys: 1 });
    start(engine).answer(503);
    await clock.advance(0);
    start(engine);
    await clock.advance(0);
    await engine.execute(() => 1, { key: 'another' });
    expect(engine.guards.snapshot().map(({ key }) => key)).toEqual(['another']);
  });

  it('is not listened to any more by a wait that is over, however it ended', async () => {
    const { clock, engine } = make({ circuitBreaker: { ...once, minimumThroughput: 9 } });
    const breaker = engine.guards.circuitBreaker(KEY)!;
    const subscribe = breaker.subscribe.bind(breaker);
    let listeners = 0;
    breaker.subscribe = (listener) => {
      listeners += 1;
      const unsubscribe = subscribe(listener);
      return () => {
        listeners -= 1;
        unsubscribe();
      };
    };
    const controller = new AbortController();
    const [granted, aborted] = [start(engine), start(engine, { signal: controller.signal })];
    granted.answer(503);
    aborted.answer(503);
    await clock.advance(0);
    expect(listeners).toBe(2);
    controller.abort('stop');
    await clock.advance(0);
    expect([aborted.end, listeners]).toEqual([{ error: 'stop' }, 1]);
    await clock.advance(1000);
    expect([granted.sent, listeners]).toEqual([2, 0]);
  });

  it('that opens while a request waits for the pacer ends that wait too', async () => {
    const { clock, engine } = make({ pacer: {} });
    start(engine).answer(200, { ratelimit: '"default";r=0;t=60' });
    await clock.advance(0);
    const waiting = start(engine);
    await clock.advance(10);
    engine.guards.circuitBreaker(KEY)?.open();
    await clock.advance(60_000);
    expect([waiting.sent, waiting.end]).toMatchObject([0, { error: { code: 'TENAX_CIRCUIT_OPEN' } }]);
  });

  it('that opens during a retry lets it come to its end', async () => {
    const { clock, engine } = make({ circuitBreaker: { ...once, minimumThroughput: 2 } });
    const request = start(engine);
    request.answer(503);
    await clock.advance(100);
    engine.guards.circuitBreaker(KEY)?.open();
    await clock.advance(0);
    expect([request.sent, request.end]).toEqual([2, undefined]);
    request.answer(200);
    await clock.advance(0);
    expect(request.end).toEqual({ status: 200 });
  });

  it('does not count an attempt that somebody else aborted', async () => {
    const { clock, engine } = make();
    start(engine).fail(new DOMException('not by the caller', 'AbortError'));
    await clock.advance(0);
    expect(engine.guards.snapshot()[0]?.circuitBreaker).toMatchObject({ state: 'closed', calls: 0 });
  });

  it('half open lets a probe through, and closes when it is answered', async () => {
    const { clock, engine } = make();
    start(engine).answer(503);
    await clock.advance(OPEN_TIME);
    const probe = start(engine);
    const other = start(engine);
    await clock.advance(0);
    expect([probe.sent, other.sent, engine.circuit(KEY)]).toEqual([1, 0, 'half-open']);
    expect((other.end as { error: Error }).error.message).toContain('until its probes have answered');
    probe.answer(200);
    await clock.advance(0);
    expect([probe.end, engine.circuit(KEY)]).toEqual([{ status: 200 }, 'closed']);
  });

  it('half open has no place for a retry whose wait is over: it ends', async () => {
    const { clock, engine } = make({ circuitBreaker: { ...once, failureRate: 1, probes: 2 } });
    const cause = codedError('ECONNRESET');
    start(engine).answer(503);
    await clock.advance(OPEN_TIME);
    const retrying = start(engine);
    retrying.fail(cause);
    await clock.advance(50);
    const probe = start(engine);
    await clock.advance(50);
    expect([probe.sent, retrying.sent, engine.circuit(KEY)]).toEqual([1, 1, 'half-open']);
    expect(retrying.end).toMatchObject({ error: { code: 'TENAX_CIRCUIT_OPEN', opensFor: 0, cause } });
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['a 404', 404],
    ['a 400', 400],
    ['a success', 200],
  ])('does not count %s as a failure', async (_what, status) => {
    const { clock, engine } = make();
    const request = start(engine);
    request.answer(status);
    await clock.advance(0);
    expect(request.end).toEqual({ status });
    const [snapshot] = engine.guards.snapshot();
    expect(snapshot?.circuitBreaker).toMatchObject({ state: 'closed', calls: 1, failures: 0 });
  });

  it.each([
    ['a status that is not retried for its method', 'POST', 503],
    ['throttling', 'GET', 429],
  ])('counts %s', async (_what, method, status) => {
    const { clock, engine } = make();
    start(engine, { method }).answer(status);
    await clock.advance(0);
    expect(engine.circuit(KEY)).toBe('open');
  });

  it.each<[string, RetryOptions, number]>([
    ['timeout', { timeout: 50 }, 1],
    ['attemptTimeout', { attemptTimeout: 50, maxAttempts: 1 }, 1],
  ])('counts an attempt that %s ends', async (_what, options, failures) => {
    const { clock, engine } = make({ circuitBreaker: { ...once, window: { calls: 3 } }, ...options });
    start(engine);
    await clock.advance(50);
    expect(engine.guards.snapshot()[0]?.circuitBreaker).toMatchObject({ state: 'open', failures });
    expect(clock.pending).toBe(0);
  });

  it('does not count a timeout between two attempts', async () => {
    const { clock, engine } = make({
      circuitBreaker: { ...once, minimumThroughput: 2 },
      hooks: { beforeRetry: () => neverSettles() },
      timeout: 150,
    });
    const request = start(engine);
    request.answer(503);
    await clock.advance(150);
    expect((request.end as { error: unknown }).error).toBeInstanceOf(OperationTimeoutError);
    expect(engine.guards.snapshot()[0]?.circuitBreaker).toMatchObject({ calls: 1, failures: 1 });
  });

  it.each([
    [199, 'closed'],
    [200, 'open'],
  ])('counts slow calls by their response time: %i ms leave it %s', async (duration, state) => {
    const { clock, engine } = make({ circuitBreaker: { ...once, slowCallRate: 1, slowCallDuration: 200 } });
    const request = start(engine);
    await clock.advance(duration);
    request.answer(200);
    await clock.advance(0);
    expect([request.end, engine.circuit(KEY)]).toEqual([{ status: 200 }, state]);
  });

  it("in mode 'retries' a retry takes a probe's place, and a first attempt none", async () => {
    const { clock, engine } = make({
      circuitBreaker: { ...once, mode: 'retries', failureRate: 1, probes: 2 },
    });
    start(engine).answer(503);
    await clock.advance(OPEN_TIME);
    const breaker = engine.guards.circuitBreaker(KEY)!;
    expect([breaker.tryAcquire(true), breaker.tryAcquire(true)]).not.toContain(undefined);
    const request = start(engine);
    await clock.advance(0);
    request.answer(503);
    await clock.advance(100);
    expect([request.sent, request.end]).toMatchObject([1, { error: { code: 'TENAX_CIRCUIT_OPEN' } }]);
  });

  it("in mode 'retries' sends first attempts, and no retries", async () => {
    const { clock, engine } = make({ circuitBreaker: { ...once, mode: 'retries' } });
    engine.guards.circuitBreaker(KEY)?.open();
    const request = start(engine);
    request.answer(503);
    await clock.advance(10_000);
    expect([request.sent, request.end]).toMatchObject([1, { error: { code: 'TENAX_CIRCUIT_OPEN' } }]);
    const good = start(engine);
    good.answer(200);
    await clock.advance(0);
    expect(good.end).toEqual({ status: 200 });
  });

  it("in mode 'retries' that opens while the pacer holds back a first attempt lets that go on", async () => {
    const { clock, engine } = make({ circuitBreaker: { ...once, mode: 'retries' }, pacer: { minRate: 0.5 } });
    start(engine).answer(200, { ratelimit: '"default";r=0;t=2' });
    await clock.advance(0);
    const held = start(engine);
    await clock.advance(1000);
    engine.guards.circuitBreaker(KEY)?.open();
    await clock.advance(1000);
    held.answer(200);
    await clock.advance(0);
    expect([held.sent, held.end, engine.circuit(KEY)]).toEqual([1, { status: 200 }, 'open']);
  });

  it("in mode 'retries' that opens while the pacer holds back a retry ends it", async () => {
    const { clock, engine } = make({
      circuitBreaker: { ...once, minimumThroughput: 2, mode: 'retries' },
      pacer: { minRate: 0.5 },
      baseDelay: 0,
    });
    const held = start(engine);
    held.answer(503, { ratelimit: '"default";r=0;t=2', 'retry-after-ms': '0' });
    await clock.advance(1000);
    engine.guards.circuitBreaker(KEY)?.open();
    await clock.advance(0);
    expect([held.sent, held.end]).toMatchObject([1, { error: { code: 'TENAX_CIRCUIT_OPEN' } }]);
  });
});
