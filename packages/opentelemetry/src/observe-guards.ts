/** Reports the guards of an engine whenever metrics are collected. */

import { metrics } from '@opentelemetry/api';
import type { BatchObservableResult, Meter, MeterProvider, Observable } from '@opentelemetry/api';
import { RetryConfigError } from '@tenax/core';
import type { RetryEngine } from '@tenax/core';

import { checkMaxKeys } from './configuration.ts';
import { guardMetrics } from './guard-metrics.ts';
import type { GuardMetric } from './guard-metrics.ts';
import { TENAX_ENGINE, TENAX_KEY } from './names.ts';
import { OtherCounters } from './other-counters.ts';
import type { Sum } from './other-counters.ts';
import { ReportedKeys } from './reported-keys.ts';
import { SCOPE } from './tenax-instrumentation.ts';
import { VERSION } from './version.ts';

/** Options of `observeGuards`. */
export interface ObserveGuardsOptions {
  /** Tells the engine from others, as the attribute `tenax.engine`. Needed when several are observed. */
  readonly engine?: string;
  /**
   * How many keys are named: the first that are seen. All others are added up as `_other`.
   *
   * @default 100
   */
  readonly maxKeys?: number;
  /** @default the global one at the time of the call */
  readonly meterProvider?: MeterProvider;
}

/**
 * Reports what an engine's guards hold and do: budget, circuit breaker, bulkhead, pacer and hedging, by key. Call it when
 * the metrics of OpenTelemetry have been set up.
 *
 * @returns a handle that ends it, when it is disposed of
 * @throws RetryConfigError for what is no engine, and for a wrong `maxKeys`
 *
 * @example
 * const fetch = createRetryingFetch({ circuitBreaker: {} });
 * observeGuards(fetch.engine);
 */
export function observeGuards(
  engine: Pick<RetryEngine, 'guards'>,
  options: ObserveGuardsOptions = {},
): Disposable {
  if (typeof (engine as Partial<RetryEngine> | undefined)?.guards?.snapshot !== 'function') {
    throw new RetryConfigError('engine', engine, 'an engine, such as fetch.engine');
  }
  const { engine: name, maxKeys, meterProvider = metrics.getMeterProvider() } = options;
  const keys = new ReportedKeys(checkMaxKeys(maxKeys));
  const meter = meterProvider.getMeter(SCOPE, VERSION);
  const instruments = guardMetrics.map((metric) => ({ metric, instrument: create(meter, metric) }));
  const observables = instruments.map(({ instrument }) => instrument);
  const others = new OtherCounters();
  const observe = (result: BatchObservableResult): void => {
    const guards = engine.guards.snapshot().map((snapshot) => {
      const key = keys.nameOf(snapshot.key);
      return { snapshot, key, isNamed: key === undefined || key === snapshot.key };
    });
    for (const { instrument, metric } of instruments) {
      const sums = new Map<string, Sum>();
      for (const { isNamed, key, snapshot } of guards) {
        if (!isNamed && metric.kind === 'gauge') continue;
        for (const [value, own] of metric.read(snapshot)) {
          const attributes = {
            ...(key !== undefined && { [TENAX_KEY]: key }),
            ...own,
            ...(name !== undefined && { [TENAX_ENGINE]: name }),
          };
          const series = JSON.stringify(attributes);
          const sum = sums.get(series);
          if (sum) sum.value += value;
          else sums.set(series, { value, attributes });
          if (isNamed || metric.kind !== 'counter') continue;
          others.read(`${metric.name} ${series}`, snapshot.key, value, attributes);
        }
      }
      if (metric.kind === 'counter') others.carry(`${metric.name} `, sums);
      for (const { attributes, value } of sums.values()) result.observe(instrument, value, attributes);
    }
  };
  meter.addBatchObservableCallback(observe, observables);
  return Object.freeze({
    [Symbol.dispose]: () => {
      meter.removeBatchObservableCallback(observe, observables);
    },
  });
}

function create(meter: Meter, { description, kind, name, unit }: GuardMetric): Observable {
  const options = { description, unit };
  if (kind === 'gauge') return meter.createObservableGauge(name, options);
  if (kind === 'counter') return meter.createObservableCounter(name, options);
  return meter.createObservableUpDownCounter(name, options);
}
