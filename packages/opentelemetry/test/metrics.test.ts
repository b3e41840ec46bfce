import { createRetryEngine } from '@tenax/core';
import type { RetryOptions } from '@tenax/core';
import { virtualClock } from '@tenax/core/testing';
import { describe, expect, it } from 'vitest';

import {
  flakyServer,
  ok,
  reset,
  status,
  unavailable,
} from '../../fetch-adapter/test/servers/flaky-server.ts';
import { CLIENTS } from './clients.ts';
import { startTelemetry } from './telemetry.ts';
import type { Point } from './telemetry.ts';

/** The sum of the points that have these attributes. */
const sumOf = (points: readonly Point[], attributes: Record<string, unknown> = {}): number =>
  points
    .filter(([own]) => Object.entries(attributes).every(([name, value]) => own[name] === value))
    .reduce((sum, [, value]) => sum + value, 0);

describe.each(CLIENTS)('the metrics of %s', (_, open) => {
  it('count operations by result and reason, attempts by what became of them', async () => {
    await using telemetry = startTelemetry();
    await using server = await flakyServer(unavailable, reset, ok, status(404));
    await using client = open();
    await client.send({ url: server.url });
    await client.send({ url: server.url });
    const { origin: key } = new URL(server.url);
    expect(await telemetry.points('tenax.operations')).toEqual([
      [{ 'tenax.key': key, 'tenax.result': 'success', 'tenax.reason': 'success' }, 1],
      [{ 'tenax.key': key, 'tenax.result': 'non_retryable_error', 'tenax.reason': 'permanent_failure' }, 1],
    ]);
    expect(await telemetry.points('tenax.attempts')).toEqual([
      [{ 'tenax.key': key, 'tenax.failure_class': 'transient', 'tenax.status_class': '5xx' }, 1],
      [
        {
          'tenax.key': key,
          'tenax.failure_class': 'transport',
          'tenax.retry.reason': 'transient_status',
        },
        1,
      ],
      [{ 'tenax.key': key, 'tenax.retry.reason': 'transport_error', 'tenax.status_class': '2xx' }, 1],
      [{ 'tenax.key': key, 'tenax.failure_class': 'permanent', 'tenax.status_class': '4xx' }, 1],
    ]);
    expect(sumOf(await telemetry.points('tenax.operation.duration'))).toBe(2);
    expect(sumOf(await telemetry.points('tenax.attempt.duration'))).toBe(4);
    expect(await telemetry.points('tenax.retry.delay')).toEqual([
      [{ 'tenax.key': key, 'tenax.retry.reason': 'transient_status' }, 1],
      [{ 'tenax.key': key, 'tenax.retry.reason': 'transport_error' }, 1],
    ]);
  });
});

describe('the metrics', () => {
  const failing = (clock: ReturnType<typeof virtualClock>) => () =>
    new Promise<never>((_resolve, reject) =>
      clock.schedule(250, () => {
        reject(new Error('no'));
      }),
    );

  it('are seconds', async () => {
    await using telemetry = startTelemetry();
    const clock = virtualClock();
    const engine = createRetryEngine({ clock, maxAttempts: 2, jitter: 'none' });
    await clock.run(engine.execute(failing(clock))).catch(() => undefined);
    const text = await telemetry.metricsText();
    const metrics = JSON.parse(text) as {
      descriptor: { name: string; unit: string };
      dataPoints: { value: { sum: number } }[];
    }[];
    const sums = metrics
      .filter(({ descriptor }) => descriptor.unit === 's')
      .map(({ dataPoints, descriptor }) => [
        descriptor.name,
        dataPoints.reduce((sum, { value }) => sum + value.sum, 0),
      ]);
    expect(Object.fromEntries(sums)).toEqual({
      'tenax.operation.duration': 0.6,
      'tenax.attempt.duration': 0.5,
      'tenax.retry.delay': 0.1,
    });
  });

  it('count hedges as attempts, and not as waits', async () => {
    await using telemetry = startTelemetry();
    const clock = virtualClock();
    const options: RetryOptions = { hedge: { delay: 10, maxExtraLoad: 1 }, budget: false, maxAttempts: 2 };
    const engine = createRetryEngine({ ...options, clock });
    const answers = ({ number }: { number: number }): Promise<string> =>
      new Promise((resolve) => clock.schedule(number === 1 ? 1000 : 1, () => resolve('done')));
    await clock.run(engine.execute(answers, { method: 'GET' }));
    const attempts = await telemetry.points('tenax.attempts');
    expect(sumOf(attempts)).toBe(2);
    expect(sumOf(attempts, { 'tenax.retry.reason': 'hedged' })).toBe(1);
    expect(await telemetry.points('tenax.retry.delay')).toEqual([]);
  });

  it('name as many keys as they may, and count the rest as one', async () => {
    await using telemetry = startTelemetry({ maxKeys: 2 });
    const engine = createRetryEngine();
    for (const key of ['a', 'b', 'c', 'd', 'a', 'c', '']) await engine.execute(() => 1, { key });
    const counts = (await telemetry.points('tenax.operations')).map(([attributes, value]) => [
      attributes['tenax.key'],
      value,
    ]);
    expect(counts).toEqual([
      ['a', 2],
      ['b', 1],
      ['_other', 3],
      [undefined, 1],
    ]);
    // Spans are not added up, so they may name every key.
    expect(telemetry.spans.map(({ attributes }) => attributes['tenax.key'])).toContain('d');
  });

  it('are as many, however many ids and URLs there are', async () => {
    await using telemetry = startTelemetry();
    await using server = await flakyServer(unavailable, ok);
    const [, open] = CLIENTS[0]!;
    await using client = open();
    for (let request = 0; request < 20; request += 1) await client.send({ url: `${server.url}${request}` });
    expect(await telemetry.points('tenax.operations')).toHaveLength(1);
    expect(await telemetry.points('tenax.attempts')).toHaveLength(3);
  });
});
