/** The metrics of operations and attempts. */

import type { Attributes, Counter, Histogram, Meter, MetricOptions } from '@opentelemetry/api';
import type { AttemptRecord, RequestStatistics, RetryReason, StopReason } from '@tenax/core';

import {
  TENAX_FAILURE_CLASS,
  TENAX_KEY,
  TENAX_REASON,
  TENAX_RESULT,
  TENAX_RETRY_REASON,
  TENAX_STATUS_CLASS,
} from './names.ts';
import type { ReportedKeys } from './reported-keys.ts';

/** Seconds: those that the conventions advise for HTTP requests, and two more for operations that wait. */
const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60];

/** Of a histogram. */
const seconds = (description: string): MetricOptions => ({
  description,
  unit: 's',
  advice: { explicitBucketBoundaries: BOUNDARIES },
});

/** Counts what ends. Each attribute has few values, so the series are few. */
export class OperationMetrics {
  readonly #keys: ReportedKeys;
  readonly #operations: Counter;
  readonly #operationDuration: Histogram;
  readonly #attempts: Counter;
  readonly #attemptDuration: Histogram;
  readonly #retryDelay: Histogram;

  constructor(meter: Meter, keys: ReportedKeys) {
    this.#keys = keys;
    this.#operations = meter.createCounter('tenax.operations', {
      description: 'Operations that have ended.',
      unit: '{operation}',
    });
    this.#operationDuration = meter.createHistogram(
      'tenax.operation.duration',
      seconds('Time from the call to its end, waits included.'),
    );
    this.#attempts = meter.createCounter('tenax.attempts', {
      description: 'Attempts that have ended.',
      unit: '{attempt}',
    });
    this.#attemptDuration = meter.createHistogram(
      'tenax.attempt.duration',
      seconds('Time from the sending of an attempt to its response headers or its error.'),
    );
    this.#retryDelay = meter.createHistogram(
      'tenax.retry.delay',
      seconds('Time that an operation waited before a retry, hedges excluded.'),
    );
  }

  /** @param retryReason why the attempt was sent; `undefined` for the first */
  attemptEnded(key: string, record: AttemptRecord, retryReason: RetryReason | StopReason | undefined): void {
    const { delayBefore, failureClass, hedged, responseTime, status } = record;
    const destination = this.#destination(key);
    const retry = retryReason !== undefined && { [TENAX_RETRY_REASON]: retryReason };
    const failure = failureClass !== undefined && { [TENAX_FAILURE_CLASS]: failureClass };
    this.#attempts.add(1, {
      ...destination,
      ...retry,
      ...failure,
      ...(status !== undefined && { [TENAX_STATUS_CLASS]: `${Math.floor(status / 100)}xx` }),
    });
    this.#attemptDuration.record(responseTime / 1000, { ...destination, ...failure });
    if (retry && !hedged) this.#retryDelay.record(delayBefore / 1000, { ...destination, ...retry });
  }

  operationEnded({ key, reason, result, totalTime }: RequestStatistics): void {
    const ending = { ...this.#destination(key), [TENAX_RESULT]: result };
    this.#operations.add(1, { ...ending, [TENAX_REASON]: reason });
    this.#operationDuration.record(totalTime / 1000, ending);
  }

  #destination(key: string): Attributes {
    const name = this.#keys.nameOf(key);
    return name === undefined ? {} : { [TENAX_KEY]: name };
  }
}
