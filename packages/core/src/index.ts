/** `@tenax/core`: the retry engine, for any JavaScript runtime. */

export { keepAbortable, signalOf } from './attempt.ts';
export { getRetryStatistics } from './attached-statistics.ts';
export type { BackoffContext, Jitter, StrategyName } from './backoff/backoff.ts';
export { computeDelays } from './backoff/compute-delays.ts';
export { builtinModule } from './builtin-module.ts';
export type { Clock, Random, Timer } from './clock.ts';
export type { OperationTrace } from './diagnostics.ts';
export { discardStream, LARGEST_DRAIN } from './discard.ts';
export { Download } from './download.ts';
export type {
  DownloadBody,
  DownloadChunk,
  DownloadReader,
  DownloadSource,
  ResumeRequest,
} from './download.ts';
export { createClientEngine, createRetryEngine } from './engine.ts';
export type { RetryEngine, RetryGuards, RetryStatistics } from './engine.ts';
export {
  AttemptTimeoutError,
  BodyNotReplayableError,
  BulkheadFullError,
  CircuitOpenError,
  OperationTimeoutError,
  RetryConfigError,
  RetryError,
  RetryExhaustedError,
} from './errors.ts';
export type { RetryErrorCode, RetryErrorDetails } from './errors.ts';
export { eventOperation } from './event-operation.ts';
export type {
  AttemptEvent,
  BeforeRetryEvent,
  CircuitChangeEvent,
  EndEvent,
  OperationEvent,
  RetryEvent,
  RetryHooks,
} from './events.ts';
export type {
  AttemptContext,
  CallOptions,
  Discarding,
  EventExchange,
  EventOperation,
  Exchange,
  ExchangeDescription,
} from './exchange.ts';
export { createRetryBudget } from './guards/budget.ts';
export type { BudgetState, RetryBudget } from './guards/budget.ts';
export { createBulkhead } from './guards/bulkhead.ts';
export type { Admission, Bulkhead, BulkheadState } from './guards/bulkhead.ts';
export { createCircuitBreaker } from './guards/circuit-breaker.ts';
export type { CircuitBreaker, CircuitMetrics, CircuitPermit } from './guards/circuit-breaker.ts';
export type { GuardsSnapshot } from './guards/destination.ts';
export type { HedgeState } from './guards/hedging.ts';
export type {
  BudgetOptions,
  BudgetSettings,
  BulkheadOptions,
  BulkheadSettings,
  CircuitBreakerOptions,
  CircuitBreakerSettings,
  CircuitOptions,
  GuardSettings,
  HedgeOptions,
  HedgeSettings,
  PacerOptions,
  PacerSettings,
  Quantile,
  QueueOptions,
  SlowCallOptions,
  TokenBudgetOptions,
  WindowBudgetOptions,
} from './guards/guard-options.ts';
export { createPacer } from './guards/pacer.ts';
export type { Pacer, PacerState } from './guards/pacer.ts';
export { classifyHttp } from './http/classify.ts';
export type { ClassificationPolicy } from './http/classify.ts';
export {
  isComplete,
  rangeHeaders,
  readContentRange,
  refuseContinuation,
  resumableDownload,
  resumeRefused,
} from './http/resume.ts';
export type { ContentRange, DownloadResponse, ResumableDownload } from './http/resume.ts';
export type { Quota } from './http/rate-limit.ts';
export { parseRetryAfter } from './http/retry-after.ts';
export type {
  ErrorMatcher,
  GeneralOptions,
  GuardOverrides,
  ReplayOptions,
  RetryAfterOptions,
  RetryOptions,
  RetryOverride,
  ShouldRetryContext,
} from './options.ts';
export { LiveStatistics } from './live-statistics.ts';
export type {
  AttemptObserver,
  Instrumentation,
  ObservedAttempt,
  ObservedEnd,
  ObservedOperation,
  OperationObserver,
} from './instrumentation.ts';
export { instrument } from './observation.ts';
export { parseRetryOptions } from './options/parse-retry-options.ts';
export type {
  CircuitState,
  Classification,
  Decision,
  ErrorOutcome,
  FailureClass,
  HeaderReader,
  OperationResult,
  Outcome,
  ResponseOutcome,
  RetryReason,
  StopReason,
  ValueOutcome,
} from './outcome.ts';
export type { RetryPolicy } from './policy.ts';
export type { AttemptRecord, ErrorSummary, RequestStatistics } from './record.ts';
export type { RequestDescription } from './request.ts';
export { ReplayableStream, sourceOfIterable, sourceOfStream } from './replayable-stream.ts';
export type { ByteSource } from './replayable-stream.ts';
export { retry, retryable, withRetry } from './retry.ts';
export { linkWhileAlive, subscribe, unsubscribe } from './signals.ts';
export type { SignalSubscriber } from './signals.ts';
export { formatSnapshot, formatStatistics } from './statistics/format.ts';
export type {
  KeyStatistics,
  RetryPattern,
  StatisticsSnapshot,
  StatisticsSummary,
  WindowSummary,
} from './statistics/snapshot.ts';
export { warnOnce } from './warnings.ts';
export { withinRequest } from './within-request.ts';
export type { IncomingHeaders } from './within-request.ts';
