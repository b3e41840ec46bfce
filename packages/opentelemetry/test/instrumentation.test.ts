import { readFileSync } from 'node:fs';

import { metrics, trace } from '@opentelemetry/api';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import { createRetryEngine, RetryConfigError } from '@tenax/core';
import { describe, expect, it } from 'vitest';

import { TenaxInstrumentation } from '../src/index.ts';
import type { TenaxInstrumentationConfig } from '../src/index.ts';
import { startTelemetry, treeOf } from './telemetry.ts';

const engine = createRetryEngine();
const ONE_OPERATION = ['tenax operation', '  tenax attempt'];

describe('the instrumentation', () => {
  it('is one for registerInstrumentations', async () => {
    await using telemetry = startTelemetry();
    telemetry.instrumentation.disable();
    const instrumentation: Instrumentation = new TenaxInstrumentation();
    const unregister = registerInstrumentations({
      instrumentations: [instrumentation],
      tracerProvider: telemetry.tracerProvider,
      meterProvider: telemetry.meterProvider,
    });
    expect(instrumentation.getConfig().enabled).toBe(true);
    await engine.execute(() => 1);
    expect(treeOf(telemetry.spans)).toEqual(ONE_OPERATION);
    unregister();
    await engine.execute(() => 1);
    expect(telemetry.spans).toHaveLength(2);
  });

  it('that is enabled twice makes the spans of one', async () => {
    await using telemetry = startTelemetry();
    telemetry.instrumentation.enable();
    await engine.execute(() => 1);
    expect(treeOf(telemetry.spans)).toEqual(ONE_OPERATION);
  });

  it('that is disabled makes none, until it is enabled again', async () => {
    await using telemetry = startTelemetry();
    const { instrumentation } = telemetry;
    instrumentation.disable();
    instrumentation.disable();
    await engine.execute(() => 1);
    expect(telemetry.spans).toEqual([]);
    instrumentation.enable();
    await engine.execute(() => 1);
    expect(treeOf(telemetry.spans)).toEqual(ONE_OPERATION);
  });

  it('follows an operation to its end that was under way when it was disabled', async () => {
    await using telemetry = startTelemetry();
    await engine.execute(() => {
      telemetry.instrumentation.disable();
    });
    expect(treeOf(telemetry.spans)).toEqual(ONE_OPERATION);
    expect(telemetry.unended).toEqual([]);
  });

  it('may be enabled before the SDK is registered', async () => {
    const instrumentation = new TenaxInstrumentation();
    instrumentation.enable();
    await engine.execute(() => 1);
    await using telemetry = startTelemetry();
    telemetry.instrumentation.disable();
    await engine.execute(() => 1);
    expect(treeOf(telemetry.spans)).toEqual(ONE_OPERATION);
    expect(await telemetry.points('tenax.operations')).toHaveLength(1);
    instrumentation.disable();
  });

  it('uses providers of its own', async () => {
    await using own = startTelemetry();
    trace.disable();
    metrics.disable();
    own.instrumentation.setTracerProvider(own.tracerProvider);
    own.instrumentation.setMeterProvider(own.meterProvider);
    await engine.execute(() => 1);
    expect(treeOf(own.spans)).toEqual(ONE_OPERATION);
    expect(await own.points('tenax.operations')).toHaveLength(1);
  });

  it('takes another configuration for what begins from then on', async () => {
    await using telemetry = startTelemetry();
    telemetry.instrumentation.setConfig({ attemptSpans: 'inner', maxKeys: 1 });
    for (const key of ['a', 'b']) await engine.execute(() => 1, { key });
    expect(treeOf(telemetry.spans)).toEqual(['tenax operation', 'tenax operation']);
    expect((await telemetry.points('tenax.operations')).map(([{ 'tenax.key': key }]) => key)).toEqual([
      'a',
      '_other',
    ]);
    expect(telemetry.instrumentation.getConfig()).toEqual({
      attemptSpans: 'inner',
      maxKeys: 1,
      enabled: true,
    });
  });

  it('has defaults', () => {
    expect(new TenaxInstrumentation().getConfig()).toEqual({
      attemptSpans: 'own',
      maxKeys: 100,
      enabled: false,
    });
  });

  it.each([
    [{ attemptSpans: 'both' }, 'attemptSpans'],
    [{ maxKeys: 0 }, 'maxKeys'],
    [{ maxKey: 5 }, 'maxKey'],
    [null, 'config'],
    ['own', 'config'],
  ])('refuses %j, and says which option', (config, path) => {
    expect(() => new TenaxInstrumentation(config as TenaxInstrumentationConfig)).toThrow(RetryConfigError);
    expect(() => new TenaxInstrumentation(config as TenaxInstrumentationConfig)).toThrow(
      new RegExp(`^${path}: `, 'u'),
    );
  });

  it('has the version of its package', () => {
    const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
    const { name, version } = JSON.parse(manifest) as { name: string; version: string };
    const { instrumentationName, instrumentationVersion } = new TenaxInstrumentation();
    expect([instrumentationName, instrumentationVersion]).toEqual([name, version]);
  });
});

describe('without an SDK', () => {
  it('an operation goes on as ever, and sends no headers', async () => {
    const instrumentation = new TenaxInstrumentation();
    instrumentation.enable();
    expect(await engine.execute(({ headers }) => headers ?? 'none')).toBe('none');
    instrumentation.disable();
  });
});
