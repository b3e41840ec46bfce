/** The span of one operation, and what its attempts have around them. */

import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import type {
  AttemptObserver,
  AttemptRecord,
  ObservedAttempt,
  ObservedEnd,
  ObservedOperation,
  OperationObserver,
  RetryReason,
  StopReason,
} from '@tenax/core';

import { AttemptTelemetry } from './attempt-telemetry.ts';
import type { AttemptSpans } from './configuration.ts';
import { operationErrorType } from './error-type.ts';
import {
  ERROR_TYPE,
  TENAX_ATTEMPTS,
  TENAX_DELAY,
  TENAX_KEY,
  TENAX_OPERATION_ID,
  TENAX_REASON,
  TENAX_RESULT,
} from './names.ts';
import type { OperationMetrics } from './operation-metrics.ts';
import { PassingContext } from './passing-context.ts';
import type { Life } from './passing-context.ts';
import { isRequest, methodName, requestAttributes } from './request-attributes.ts';

/** Where telemetry goes. */
export interface Telemetry {
  readonly tracer: Tracer;
  readonly metrics: OperationMetrics;
  readonly attemptSpans: AttemptSpans;
}

/** Follows an operation with a logical span, around those of its attempts. */
export class OperationTelemetry implements OperationObserver, Life {
  hasEnded = false;
  readonly #operation: ObservedOperation;
  readonly #telemetry: Telemetry;
  readonly #attributes: Attributes;
  readonly #span: Span;
  readonly #context: Context;
  /** How the last attempt that ended did so: why the next one is sent. */
  #lastReason: RetryReason | StopReason | undefined;

  constructor(operation: ObservedOperation, telemetry: Telemetry) {
    const caller = context.active();
    const { id, key } = operation;
    this.#operation = operation;
    this.#telemetry = telemetry;
    this.#attributes = requestAttributes(operation);
    this.#span = telemetry.tracer.startSpan(
      `tenax ${methodName(operation) ?? 'operation'}`,
      {
        kind: SpanKind.INTERNAL,
        attributes: {
          ...this.#attributes,
          [TENAX_OPERATION_ID]: id,
          ...(key !== '' && { [TENAX_KEY]: key }),
        },
      },
      caller,
    );
    this.#context = new PassingContext(this, trace.setSpan(caller, this.#span), caller);
  }

  run<T>(begin: () => T): T {
    return context.with(this.#context, begin);
  }

  resume<T>(goOn: () => T): T {
    return context.with(this.#context, goOn);
  }

  attemptStarted(attempt: ObservedAttempt): AttemptObserver {
    const retryReason = attempt.hedged ? 'hedged' : this.#lastReason;
    const ended = (record: AttemptRecord): void => {
      this.#lastReason = record.reason;
      this.#telemetry.metrics.attemptEnded(this.#operation.key, record, retryReason);
    };
    if (this.#telemetry.attemptSpans === 'inner') {
      // A client that answers by events sends retries from its events, and those have a context of their own.
      return { run: (send) => context.with(this.#context, send), ended };
    }
    return new AttemptTelemetry(attempt, {
      tracer: this.#telemetry.tracer,
      parent: this.#context,
      method: isRequest(this.#operation) ? methodName(this.#operation) : undefined,
      attributes: this.#attributes,
      retryReason,
      ended,
    });
  }

  ended(end: ObservedEnd): void {
    this.hasEnded = true;
    const { statistics } = end;
    if (statistics) {
      const { attempts, reason, result, totalDelay } = statistics;
      this.#span.setAttributes({
        [TENAX_RESULT]: result,
        [TENAX_REASON]: reason,
        [TENAX_ATTEMPTS]: attempts.length,
        [TENAX_DELAY]: totalDelay / 1000,
      });
      this.#telemetry.metrics.operationEnded(statistics);
    }
    const errorType = operationErrorType(end);
    if (errorType !== undefined) {
      this.#span.setAttribute(ERROR_TYPE, errorType);
      // Not the error's own message: it may hold anything.
      this.#span.setStatus({
        code: SpanStatusCode.ERROR,
        ...(statistics && { message: statistics.reason }),
      });
    }
    this.#span.end();
  }
}
