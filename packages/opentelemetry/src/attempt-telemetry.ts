/** The span of one attempt. */

import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Context, Span, TextMapSetter, Tracer } from '@opentelemetry/api';
import type { AttemptObserver, AttemptRecord, ObservedAttempt, RetryReason, StopReason } from '@tenax/core';

import { attemptErrorType } from './error-type.ts';
import {
  ERROR_TYPE,
  HTTP_REQUEST_RESEND_COUNT,
  HTTP_RESPONSE_STATUS_CODE,
  TENAX_ATTEMPT_DELAY,
  TENAX_ATTEMPT_HEDGED,
  TENAX_ATTEMPT_NUMBER,
  TENAX_ATTEMPT_REASON,
  TENAX_FAILURE_CLASS,
  TENAX_RETRY_REASON,
} from './names.ts';
import { PassingContext, withoutTracing } from './passing-context.ts';
import type { Life } from './passing-context.ts';

/** What an attempt takes from its operation. */
export interface AttemptSurroundings {
  readonly tracer: Tracer;
  /** Where the operation's span is. */
  readonly parent: Context;
  /** The method as a span's name has it, for a request of a client; `undefined` for a function of the user's. */
  readonly method: string | undefined;
  /** Of the request. */
  readonly attributes: Attributes;
  /** Why it is sent; `undefined` for the first. */
  readonly retryReason: RetryReason | StopReason | undefined;
  ended(record: AttemptRecord): void;
}

/** Headers are made when something is set. */
const HEADERS: TextMapSetter<ObservedAttempt> = {
  set(attempt, name, value) {
    attempt.headers.set(name, value);
  },
};

/** Follows an attempt with a span of its own, whose context it sends. */
export class AttemptTelemetry implements AttemptObserver, Life {
  hasEnded = false;
  readonly #span: Span;
  readonly #context: Context;
  readonly #surroundings: AttemptSurroundings;
  readonly #startedAt: number;

  constructor(attempt: ObservedAttempt, surroundings: AttemptSurroundings) {
    const { attributes, method, parent, retryReason, tracer } = surroundings;
    const { attemptNumber, hedged } = attempt;
    this.#surroundings = surroundings;
    this.#span = tracer.startSpan(
      method ?? 'tenax attempt',
      {
        kind: method === undefined ? SpanKind.INTERNAL : SpanKind.CLIENT,
        attributes: {
          ...attributes,
          ...(method !== undefined &&
            attemptNumber > 1 && { [HTTP_REQUEST_RESEND_COUNT]: attemptNumber - 1 }),
          [TENAX_ATTEMPT_NUMBER]: attemptNumber,
          [TENAX_ATTEMPT_HEDGED]: hedged,
          ...(retryReason !== undefined && { [TENAX_RETRY_REASON]: retryReason }),
        },
      },
      parent,
    );
    // Not before the span's own start, or it might end before that.
    this.#startedAt = performance.now();
    const own = trace.setSpan(parent, this.#span);
    propagation.inject(own, attempt, HEADERS);
    // A function of the user's may do more than one request: what it calls has spans of its own.
    this.#context = new PassingContext(this, method === undefined ? own : withoutTracing(own), parent);
  }

  run<T>(send: () => T): T {
    return context.with(this.#context, send);
  }

  ended(record: AttemptRecord): void {
    this.hasEnded = true;
    const { delayBefore, error, failureClass, reason, responseTime, status } = record;
    const errorType = attemptErrorType(record);
    this.#span.setAttributes({
      [TENAX_ATTEMPT_REASON]: reason,
      [TENAX_ATTEMPT_DELAY]: delayBefore / 1000,
      ...(status !== undefined && { [HTTP_RESPONSE_STATUS_CODE]: status }),
      ...(failureClass !== undefined && { [TENAX_FAILURE_CLASS]: failureClass }),
      ...(errorType !== undefined && { [ERROR_TYPE]: errorType }),
    });
    if (error) this.#span.recordException(error);
    if (errorType !== undefined) {
      // Where the status says it all, the conventions want no message.
      this.#span.setStatus({ code: SpanStatusCode.ERROR, ...(error && { message: error.message }) });
    }
    // It ended with its answer, not with what `shouldRetry` then thought of that.
    this.#span.end(Math.min(performance.now(), this.#startedAt + responseTime));
    this.#surroundings.ended(record);
  }
}
