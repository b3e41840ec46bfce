/** The instrumentation that an application registers. */

import { metrics, trace } from '@opentelemetry/api';
import type { MeterProvider, Tracer, TracerProvider } from '@opentelemetry/api';
import { instrument } from '@tenax/core';

import { resolveConfig } from './configuration.ts';
import type { TenaxInstrumentationConfig } from './configuration.ts';
import { OperationMetrics } from './operation-metrics.ts';
import { OperationTelemetry } from './operation-telemetry.ts';
import type { Telemetry } from './operation-telemetry.ts';
import { ReportedKeys } from './reported-keys.ts';
import { VERSION } from './version.ts';

/** The scope of all spans and metrics of this package. */
export const SCOPE = '@tenax/opentelemetry';

/**
 * Makes spans and metrics of every operation of every Tenax engine in the process. It has the interface of
 * `@opentelemetry/instrumentation`, so `registerInstrumentations` and the Node SDK take it; without them, call `enable()`.
 * The order does not matter: providers that are registered later are used from then on.
 *
 * @throws RetryConfigError for an unknown option or a wrong value
 *
 * @example
 * const instrumentation = new TenaxInstrumentation();
 * instrumentation.enable();
 */
export class TenaxInstrumentation {
  readonly instrumentationName: string = SCOPE;
  readonly instrumentationVersion: string = VERSION;
  #config: ReturnType<typeof resolveConfig>;
  #keys: ReportedKeys;
  #registration: Disposable | undefined;
  /** Set in place of the global one. */
  #tracerProvider: TracerProvider | undefined;
  #meterProvider: MeterProvider | undefined;
  #tracer: { readonly of: TracerProvider; readonly tracer: Tracer } | undefined;
  #metrics: { readonly of: MeterProvider; readonly metrics: OperationMetrics } | undefined;

  constructor(config: TenaxInstrumentationConfig = {}) {
    this.#config = resolveConfig(config);
    this.#keys = new ReportedKeys(this.#config.maxKeys);
  }

  /** Begins. A second call changes nothing. */
  enable(): void {
    this.#registration ??= instrument({
      operationStarted: (operation) => new OperationTelemetry(operation, this.#telemetry()),
    });
  }

  /** Ends. Operations that are under way are followed to their end. */
  disable(): void {
    this.#registration?.[Symbol.dispose]();
    this.#registration = undefined;
  }

  /** Makes spans with this provider in place of the global one. */
  setTracerProvider(tracerProvider: TracerProvider): void {
    this.#tracerProvider = tracerProvider;
  }

  /** Makes metrics with this provider in place of the global one. */
  setMeterProvider(meterProvider: MeterProvider): void {
    this.#meterProvider = meterProvider;
  }

  /**
   * Replaces the configuration, for operations that begin from now on.
   *
   * @throws RetryConfigError for an unknown option or a wrong value
   */
  setConfig(config: TenaxInstrumentationConfig): void {
    const { maxKeys } = this.#config;
    this.#config = resolveConfig(config);
    if (this.#config.maxKeys === maxKeys) return;
    this.#keys = new ReportedKeys(this.#config.maxKeys);
    this.#metrics = undefined;
  }

  getConfig(): TenaxInstrumentationConfig {
    return { ...this.#config, enabled: this.#registration !== undefined };
  }

  /** The global providers are looked up each time: they may be registered after this was made. */
  #telemetry(): Telemetry {
    const tracers = this.#tracerProvider ?? trace.getTracerProvider();
    if (this.#tracer?.of !== tracers) {
      this.#tracer = { of: tracers, tracer: tracers.getTracer(SCOPE, VERSION) };
    }
    const meters = this.#meterProvider ?? metrics.getMeterProvider();
    if (this.#metrics?.of !== meters) {
      this.#metrics = {
        of: meters,
        metrics: new OperationMetrics(meters.getMeter(SCOPE, VERSION), this.#keys),
      };
    }
    return {
      tracer: this.#tracer.tracer,
      metrics: this.#metrics.metrics,
      attemptSpans: this.#config.attemptSpans,
    };
  }
}
