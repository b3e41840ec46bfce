// The least program that retries as DESIGN describes it: failure classes, the server's hints, backoff, timeouts, aborts,
// records and sums. It checks no option, explains no error in words, and knows no client; guards are handed in. It is
// measured for its size alone, as what no bundle of an engine can go below.

import type { FailureClass } from '@tenax/core';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
}

export interface AttemptRecord {
  readonly attemptNumber: number;
  readonly startTime: number;
  readonly responseTime: number;
  readonly failureClass: FailureClass | undefined;
  readonly reason: string;
}

export interface Options {
  readonly maxAttempts: number;
  readonly strategy: 'fixed' | 'linear' | 'exponential' | 'fibonacci' | 'decorrelated';
  readonly jitter: 'none' | 'full' | 'equal';
  readonly baseDelay: number;
  readonly throttledBaseDelay: number;
  readonly maxDelay: number;
  readonly multiplier: number;
  readonly attemptTimeout?: number;
  readonly timeout?: number;
  readonly longestHint: number;
  readonly idempotencyKey?: string;
  readonly shouldRetry?: (outcome: unknown, failureClass: FailureClass | undefined) => boolean | undefined;
  readonly onRetry?: (record: AttemptRecord, delay: number) => void;
}

/** What a set of guards is asked, and told. */
export interface Guards<T> {
  enter(signal: AbortSignal): Promise<() => void>;
  send(send: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>;
  mayRetry(): boolean;
  ended(failureClass: FailureClass | undefined, duration: number, headers: Headers | undefined): void;
}

const CODES: Readonly<Record<string, FailureClass>> = Object.fromEntries(
  Object.entries({
    connection:
      'ECONNREFUSED ENOTFOUND EAI_AGAIN EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN UND_ERR_CONNECT_TIMEOUT',
    transport:
      'ECONNRESET EPIPE ETIMEDOUT ECONNABORTED UND_ERR_SOCKET ERR_STREAM_PREMATURE_CLOSE ERR_NETWORK',
    timeout: 'UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT',
  }).flatMap(([failureClass, codes]) => codes.split(' ').map((code) => [code, failureClass as FailureClass])),
);
const STATUSES = [408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529];
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY'];

function classOfError(error: unknown, signal: AbortSignal, depth = 0): FailureClass {
  if (signal.aborted) return 'aborted';
  const { cause, code, errors, name } = (error ?? {}) as {
    cause?: unknown;
    code?: string;
    errors?: unknown[];
    name?: string;
  };
  const known = code === undefined ? undefined : CODES[code];
  if (known) return known;
  if (name === 'TimeoutError') return 'timeout';
  const inner = cause ?? errors?.[0];
  if (inner !== undefined && depth < 10) return classOfError(inner, signal, depth + 1);
  return name === 'TypeError' && depth === 0 ? 'transport' : 'permanent';
}

function classOfStatus({ headers, status }: Answer, hasKey: boolean): FailureClass | undefined {
  if (status < 400) return undefined;
  if (status === 429 || status === 529 || (status === 503 && headers.has('retry-after'))) return 'throttled';
  return STATUSES.includes(status) || (hasKey && status === 409) ? 'transient' : 'permanent';
}

/** ms. */
function hintOf(headers: Headers): number | undefined {
  for (const name of ['retry-after-ms', 'x-ms-retry-after-ms', 'x-amz-retry-after']) {
    const value = headers.get(name);
    if (value) return Number(value);
  }
  const after = headers.get('retry-after');
  const now = Date.parse(headers.get('date') ?? '') || Date.now();
  if (after) return /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - now;
  const limit = /r=0;t=(\d+)/.exec(headers.get('ratelimit') ?? '');
  if (limit) return Number(limit[1]) * 1000;
  const reset = headers.get('ratelimit-reset') ?? headers.get('x-ratelimit-reset');
  if (reset === null) return undefined;
  return Number(reset) * 1000 - (Number(reset) < 1e8 ? 0 : now);
}

function delayOf(options: Options, retry: number, previous: number, throttled: boolean): number {
  const { jitter, maxDelay, multiplier, strategy } = options;
  const unit = throttled ? options.throttledBaseDelay : options.baseDelay;
  let delay = unit;
  if (strategy === 'linear') delay = unit * (1 + (retry - 1) * multiplier);
  if (strategy === 'exponential') delay = unit * multiplier ** (retry - 1);
  if (strategy === 'fibonacci') delay = unit * Math.round(1.618 ** retry / Math.sqrt(5));
  if (strategy === 'decorrelated') delay = unit + Math.random() * (previous * 3 - unit);
  delay = Math.min(delay, maxDelay);
  if (jitter === 'none' || strategy === 'decorrelated') return delay;
  return jitter === 'full' ? Math.random() * delay : delay / 2 + (Math.random() * delay) / 2;
}

/** Counts, and response times in powers of the root of two. */
export class Sums {
  readonly results = new Map<string, number>();
  readonly durations = new Uint32Array(64);
  attempts = 0;
  overhead = 0;

  attempt({ failureClass, responseTime }: AttemptRecord): void {
    this.attempts += 1;
    if (failureClass) this.count(failureClass);
    const bucket = Math.max(0, Math.min(63, Math.round(20 + 2 * Math.log2(responseTime))));
    this.durations[bucket] = (this.durations[bucket] ?? 0) + 1;
  }

  count(result: string): void {
    this.results.set(result, (this.results.get(result) ?? 0) + 1);
  }
}

const records = new WeakMap<object, readonly AttemptRecord[]>();

export function getRecords(result: object): readonly AttemptRecord[] | undefined {
  return records.get(result);
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal.addEventListener('abort', abort);
  });
}

export async function run<T extends Answer>(
  send: (signal: AbortSignal) => Promise<T>,
  method: string,
  options: Options,
  sums: Sums,
  guards: Guards<T>,
  caller: AbortSignal = new AbortController().signal,
): Promise<T> {
  const { attemptTimeout, idempotencyKey, longestHint, maxAttempts, onRetry, shouldRetry, timeout } = options;
  const begun = performance.now();
  const end = begun + (timeout ?? Infinity);
  const signal = timeout === undefined ? caller : AbortSignal.any([caller, AbortSignal.timeout(timeout)]);
  const leave = await guards.enter(signal);
  const attempts: AttemptRecord[] = [];
  let delay = 0;
  try {
    for (;;) {
      const started = performance.now();
      const limited =
        attemptTimeout === undefined
          ? signal
          : AbortSignal.any([signal, AbortSignal.timeout(attemptTimeout)]);
      let answer: T | undefined;
      let error: unknown;
      try {
        answer = await guards.send(send, limited);
      } catch (thrown) {
        error = thrown;
      }
      const responseTime = performance.now() - started;
      const failureClass = answer
        ? classOfStatus(answer, idempotencyKey !== undefined)
        : classOfError(error, signal);
      guards.ended(failureClass, responseTime, answer?.headers);
      const isSafe = METHODS.includes(method) || idempotencyKey !== undefined;
      const isRefused = failureClass === 'connection' || answer?.status === 429 || answer?.status === 425;
      const isRetryable =
        failureClass !== undefined &&
        !['permanent', 'aborted'].includes(failureClass) &&
        (isSafe || isRefused);
      const hint = answer && hintOf(answer.headers);
      delay = delayOf(options, attempts.length + 1, delay, failureClass === 'throttled');
      const pause = hint === undefined ? delay : Math.max(delay, hint) * (1 + Math.random() / 10);
      let reason = 'retried';
      if (!(shouldRetry?.(answer ?? error, failureClass) ?? isRetryable)) reason = 'not_retryable';
      else if (attempts.length + 1 >= maxAttempts) reason = 'attempts_exhausted';
      else if ((hint ?? 0) > longestHint) reason = 'retry_after_exceeds_max';
      else if (performance.now() + pause > end) reason = 'wait_exceeds_timeout';
      else if (!guards.mayRetry()) reason = 'budget_exhausted';
      const record = {
        attemptNumber: attempts.length + 1,
        startTime: performance.timeOrigin + started,
        responseTime,
        failureClass,
        reason,
      };
      attempts.push(record);
      sums.attempt(record);
      if (reason !== 'retried') {
        sums.count(reason);
        sums.overhead += performance.now() - begun - (attempts[0]?.responseTime ?? 0);
        const result: unknown = answer ?? error;
        if (typeof result === 'object' && result !== null) records.set(result, attempts);
        if (answer) return answer;
        throw error;
      }
      onRetry?.(record, pause);
      await wait(pause, signal);
    }
  } finally {
    leave();
  }
}
