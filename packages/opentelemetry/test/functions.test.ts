import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { isTracingSuppressed } from '@opentelemetry/core';
import { createRetryEngine, RetryConfigError } from '@tenax/core';
import { virtualClock } from '@tenax/core/testing';
import { describe, expect, it } from 'vitest';

import { childrenOf, rootOf, startTelemetry, treeOf } from './telemetry.ts';

const engine = createRetryEngine({ baseDelay: 0 });

/** Throws whatever is read of it. */
const faulty = new Proxy(
  {},
  {
    get() {
      throw new Error('hands off');
    },
  },
);

/** Fails once. */
const flaky = ({ number }: { number: number }): string => {
  if (number === 1) throw new Error('not yet');
  return 'done';
};

describe('a function that is retried', () => {
  it('has a span, and one for each attempt, none of them a CLIENT', async () => {
    await using telemetry = startTelemetry();
    await engine.execute(flaky);
    expect(treeOf(telemetry.spans)).toEqual(['tenax operation', '  tenax attempt !', '  tenax attempt']);
    const root = rootOf(telemetry.spans);
    expect(root.attributes).not.toHaveProperty(['tenax.key']);
    for (const { attributes } of childrenOf(telemetry.spans, root)) {
      expect(attributes).not.toHaveProperty(['http.request.resend_count']);
    }
  });

  it('has a key and a method where the call gives them', async () => {
    await using telemetry = startTelemetry();
    await engine.execute(() => 'done', { key: 'reports', method: 'get', id: 'mine' });
    expect(treeOf(telemetry.spans)).toEqual(['tenax GET', '  tenax attempt']);
    expect(rootOf(telemetry.spans).attributes).toMatchObject({
      'http.request.method': 'GET',
      'tenax.key': 'reports',
      'tenax.operation.id': 'mine',
    });
  });

  it('makes spans of its own within its attempt', async () => {
    await using telemetry = startTelemetry();
    await engine.execute(async ({ number }) => {
      await Promise.resolve();
      trace.getTracer('test').startSpan('query').end();
      return flaky({ number });
    });
    expect(treeOf(telemetry.spans)).toEqual([
      'tenax operation',
      '  tenax attempt !',
      '    query',
      '  tenax attempt',
      '    query',
    ]);
  });

  it('can send the context of its attempt', async () => {
    await using telemetry = startTelemetry();
    const sent: unknown[] = [];
    await engine.execute((attempt) => {
      sent.push(attempt.headers?.get('traceparent'));
      return flaky(attempt);
    });
    const attempts = childrenOf(telemetry.spans, rootOf(telemetry.spans));
    expect(sent).toEqual(
      attempts.map((span) => `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`),
    );
  });

  it('that throws what is no error leaves spans all the same', async () => {
    await using telemetry = startTelemetry();
    for (const thrown of ['text', null, undefined, { name: 'a sentence of the user' }, faulty]) {
      const single = createRetryEngine({ maxAttempts: 1, shouldRetry: () => false });
      await single.execute(() => Promise.reject(thrown as Error)).catch(() => undefined);
    }
    expect(telemetry.unended).toEqual([]);
    const roots = telemetry.spans.filter(({ parentSpanContext }) => parentSpanContext === undefined);
    expect(roots.map(({ attributes }) => attributes['error.type'])).toEqual([
      'string',
      'null',
      'undefined',
      '_OTHER',
      'object',
    ]);
  });

  it.each([
    ['an error with a name', new DOMException('enough', 'AbortError'), 'AbortError'],
    ['a text', 'a sentence of the user', '_OTHER'],
    ['what throws when it is read', faulty, '_OTHER'],
  ])('that was aborted with %s before it began says what it can', async (_, reason, errorType) => {
    await using telemetry = startTelemetry();
    const signal = AbortSignal.abort(reason);
    await engine.execute(() => 'never', { signal }).catch(() => undefined);
    expect(treeOf(telemetry.spans)).toEqual(['tenax operation !']);
    expect(telemetry.spans[0]?.attributes).toMatchObject({
      'error.type': errorType,
      'tenax.result': 'aborted',
    });
  });

  it('that could not even begin has a span that says so', async () => {
    await using telemetry = startTelemetry();
    const broken = {
      call: {},
      begin() {
        throw new RetryConfigError('body', undefined, 'a body');
      },
      send: () => 'never',
    };
    await expect(engine.run(broken)).rejects.toThrow(RetryConfigError);
    expect(treeOf(telemetry.spans)).toEqual(['tenax operation !']);
    expect(telemetry.spans[0]?.attributes['error.type']).toBe('TENAX_CONFIG');
    expect(await telemetry.points('tenax.operations')).toEqual([]);
  });

  it('has attempts that end with their answer, however long shouldRetry thinks of it', async () => {
    await using telemetry = startTelemetry();
    let began = 0;
    const thoughtful = createRetryEngine({
      clock: virtualClock(),
      async shouldRetry() {
        began = performance.now();
        while (performance.now() < began + 2) await new Promise((resolve) => setImmediate(resolve));
        return undefined;
      },
    });
    await thoughtful.execute(() => 'done');
    const [seconds = 0, nanoseconds = 0] = telemetry.spans[0]?.endTime ?? [];
    expect(seconds * 1e3 + nanoseconds / 1e6).toBeLessThan(performance.timeOrigin + began + 1);
  });

  it('whose value is refused is a failure without an error', async () => {
    await using telemetry = startTelemetry();
    const picky = createRetryEngine({ baseDelay: 0, maxAttempts: 2, shouldRetry: () => true });
    await picky.execute(() => 'no').catch(() => undefined);
    const [attempt] = telemetry.spans;
    expect(attempt?.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(attempt?.attributes['error.type']).toBe('transient');
  });
});

describe('an operation within an operation', () => {
  it('is within the attempt of the outer one', async () => {
    await using telemetry = startTelemetry();
    await engine.execute(() => engine.execute(() => 'done'));
    expect(treeOf(telemetry.spans)).toEqual([
      'tenax operation',
      '  tenax attempt',
      '    tenax operation',
      '      tenax attempt',
    ]);
  });
});

describe('an operation in a context without tracing', () => {
  it('has no spans, and sends no headers', async () => {
    await using telemetry = startTelemetry();
    const key = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
    const suppressed = context.active().setValue(key, true);
    expect(isTracingSuppressed(suppressed)).toBe(true);
    const headers = await context.with(suppressed, () => engine.execute((attempt) => attempt.headers));
    expect(headers).toBeUndefined();
    expect(telemetry.spans).toEqual([]);
  });
});
