/** What the guards can be asked for, and what that comes to with the defaults. */

/** Retries as a share of the requests of the last seconds. */
export interface WindowBudgetOptions {
  kind?: 'window' | undefined;
  /** Retries for each first attempt, at most. @default 0.2 */
  ratio?: number | undefined;
  /** Retries per second that are always allowed, for clients that send little. @default 10 */
  minPerSecond?: number | undefined;
  /** The time in ms that counts. @default 10_000 */
  window?: number | undefined;
}

/** A bucket of tokens: retries take some, successes bring some back. */
export interface TokenBudgetOptions {
  kind: 'tokens';
  /** Tokens at the start, and at the most. @default 500 */
  capacity?: number | undefined;
  /** Tokens that a retry takes. @default 14 */
  cost?: number | undefined;
  /** Tokens that a retry after a `throttled` failure takes. @default 5 */
  throttledCost?: number | undefined;
  /** Tokens that a success brings. @default 1 */
  refund?: number | undefined;
  /**
   * Given, the bucket is gRPC's retry throttling: every retryable failure takes its cost, whether a retry follows or
   * not, and retries are allowed only while more than this share of the capacity is left. Without it, the bucket is the
   * retry quota of the AWS SDKs: only retries take tokens, and a retry that succeeds brings back what it took.
   */
  threshold?: number | undefined;
}

/** How many retries are allowed. */
export type BudgetOptions = WindowBudgetOptions | TokenBudgetOptions;

/** A budget's settings with the defaults filled in. */
export type BudgetSettings =
  | {
      readonly kind: 'window';
      readonly ratio: number;
      readonly minPerSecond: number;
      readonly window: number;
    }
  | {
      readonly kind: 'tokens';
      readonly capacity: number;
      readonly cost: number;
      readonly throttledCost: number;
      readonly refund: number;
      readonly threshold: number | undefined;
    };

/** Which calls are slow, and how many of them are too many: both or neither. */
export type SlowCallOptions =
  | {
      /** The share of slow calls that opens it. @default none */
      slowCallRate: number;
      /** From how many ms on a call is slow. */
      slowCallDuration: number;
    }
  | { slowCallRate?: undefined; slowCallDuration?: undefined };

/** When a circuit opens, for how long, and what closes it again. All durations are ms. */
export type CircuitBreakerOptions = CircuitOptions & SlowCallOptions;

/** What a circuit breaker has whether calls may be slow or not. */
export interface CircuitOptions {
  /** The share of failed calls that opens it. @default 0.5 */
  failureRate?: number | undefined;
  /** The calls that count: the last so many, or those of the last so many ms. @default { duration: 30_000 } */
  window?: { calls: number; duration?: undefined } | { duration: number; calls?: undefined } | undefined;
  /** Calls in the window before it opens at all. @default 20 */
  minimumThroughput?: number | undefined;
  /** How long it stays open at first. @default 5000 */
  openTime?: number | undefined;
  /** By how much that grows each time it opens again without having closed. @default 2 */
  openTimeGrowth?: number | undefined;
  /** The longest it stays open. @default 60_000 */
  maxOpenTime?: number | undefined;
  /** The share of the open time that is random, so that clients do not all come back at once. @default 0.2 */
  openTimeJitter?: number | undefined;
  /** Calls that are let through when it is half open. @default 3 */
  probes?: number | undefined;
  /**
   * The longest it stays half open after its first probe. Then it closes if those that have answered were good
   * enough, and opens again if they were not or none has. @default 30_000
   */
  maxHalfOpenTime?: number | undefined;
  /** What an open circuit stops: every request, or only retries. @default 'requests' */
  mode?: 'requests' | 'retries' | undefined;
}

/** A breaker's settings with the defaults filled in. */
export interface CircuitBreakerSettings {
  readonly failureRate: number;
  readonly slowCallRate: number | undefined;
  readonly slowCallDuration: number | undefined;
  readonly window: { readonly calls: number } | { readonly duration: number };
  readonly minimumThroughput: number;
  readonly openTime: number;
  readonly openTimeGrowth: number;
  readonly maxOpenTime: number;
  readonly openTimeJitter: number;
  readonly probes: number;
  readonly maxHalfOpenTime: number;
  readonly mode: 'requests' | 'retries';
}

/** How many operations a destination takes at once. */
export type BulkheadOptions = {
  /** Operations that run at once. */
  maxConcurrent: number;
} & QueueOptions;

/** How operations wait for a place: for some time only where there is a queue. */
export type QueueOptions =
  | {
      /** Operations that may wait for a place; one more is refused at once. @default 0 */
      maxQueue: number;
      /** The longest wait for a place, in ms. @default none */
      queueTimeout: number;
    }
  | { maxQueue?: number | undefined; queueTimeout?: undefined };

/** A bulkhead's settings with the defaults filled in. */
export interface BulkheadSettings {
  readonly maxConcurrent: number;
  readonly maxQueue: number;
  readonly queueTimeout: number | undefined;
}

/** How slow a client may become. */
export interface PacerOptions {
  /** Requests per second that are sent however much the server throttles. @default 0.5 */
  minRate?: number | undefined;
}

/** A pacer's settings with the defaults filled in. */
export interface PacerSettings {
  readonly minRate: number;
}

/** A share of the observed response times, such as `'p95'` or `'p99.9'`. */
export type Quantile = `p${number}`;

/** When a slow attempt is given company. */
export interface HedgeOptions {
  /** ms after which another attempt is sent, or the observed quantile of the response times. @default 'p95' */
  delay?: number | Quantile | undefined;
  /** Further attempts beside the first, at most. @default 1 */
  maxHedges?: number | undefined;
  /** Hedges for each first attempt, over the last ten seconds. @default 0.05 */
  maxExtraLoad?: number | undefined;
}

/** The settings of hedging with the defaults filled in. */
export interface HedgeSettings {
  /** ms, or the quantile as a share. */
  readonly delay: number | { readonly quantile: number };
  readonly maxHedges: number;
  readonly maxExtraLoad: number;
}

/** The options that are guards. */
export const GUARDS = ['budget', 'circuitBreaker', 'bulkhead', 'pacer', 'hedge'] as const;

/** The part of a policy that says which guards there are. */
export interface GuardSettings {
  readonly budget: BudgetSettings | false;
  readonly circuitBreaker: CircuitBreakerSettings | false;
  readonly bulkhead: BulkheadSettings | false;
  readonly pacer: PacerSettings | false;
  readonly hedge: HedgeSettings | false;
}
