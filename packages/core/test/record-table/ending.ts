// The words of the table: a way that an operation can end, and the record of it.
import type { RetryOptions } from '../../src/options.ts';
import type { FailureClass, OperationResult, RetryReason, StopReason } from '../../src/outcome.ts';
import type { ErrorName, ClientName } from './client.ts';
import type { ServerStep } from './server-steps.ts';
import type { Stage } from './stage.ts';

/** One attempt as its record has to be. Times are ms, and 0 where nothing is said. */
export interface ExpectedAttempt {
  /** From the operation's start to the attempt's. */
  readonly at?: number;
  readonly waited?: number;
  readonly took?: number;
  readonly hedged?: true;
  readonly status?: number;
  /** What the client calls it stands in the words of each client. */
  readonly error?: ErrorName;
  /** Absent for a success. */
  readonly failureClass?: FailureClass;
  readonly hint?: number;
  readonly reason: RetryReason | StopReason;
}

/** The record as it has to be. */
export interface ExpectedRecord {
  readonly result: OperationResult;
  readonly reason: StopReason;
  readonly attempts: readonly ExpectedAttempt[];
  /** ms from the call to its end. */
  readonly time?: number;
  /** ms of waits. */
  readonly delay?: number;
  /** What `onRetry` is told, in order. The reasons of the attempts that were followed by another, unless it differs. */
  readonly retries?: readonly RetryReason[];
}

/** One way to end. */
export interface Ending {
  readonly title: string;
  /** Not all clients can get there; a comment in the table says why. */
  readonly only?: readonly ClientName[];
  readonly options?: RetryOptions | ((stage: Stage) => RetryOptions);
  /** What the server does with each request; the last step serves all that follow. */
  readonly server?: readonly ServerStep[];
  /** Where the request goes, if not to the server: a port that nobody listens on, or TLS where there is none. */
  readonly destination?: 'refuses' | 'speaks no TLS';
  readonly method?: 'POST' | 'PUT';
  readonly body?: 'stream';
  readonly headers?: Readonly<Record<string, string>>;
  /** Before the request is sent. */
  readonly before?: (stage: Stage) => void;
  /** When the request has been handed to the client. */
  readonly underWay?: (stage: Stage) => Promise<void>;
  /** In the wait before a retry. Without it the wait passes. */
  readonly inWait?: (stage: Stage) => void;
  readonly expected: ExpectedRecord;
}

/** The first attempt, after 5 ms, which is what every step of the server takes. */
export const first: { readonly took: 5 } = { took: 5 };
/** The second, after the first wait of the default policy without jitter. */
export const second: { readonly at: 105; readonly waited: 100; readonly took: 5 } = {
  at: 105,
  waited: 100,
  took: 5,
};
/** A 503 that a retry follows. */
export const unavailable: ExpectedAttempt = {
  status: 503,
  failureClass: 'transient',
  reason: 'transient_status',
};
/** A success in the second attempt. */
const recovered: ExpectedAttempt = { ...second, status: 200, reason: 'success' };

/** The record of an operation that succeeds in its second attempt. */
export const recoveredAfter = (attempt: ExpectedAttempt): ExpectedRecord => ({
  result: 'success',
  reason: 'success',
  attempts: [{ ...first, ...attempt }, recovered],
  time: 110,
  delay: 100,
});

/** The record of an operation that ends with its first attempt. */
export const endedAtOnce = (
  result: OperationResult,
  attempt: ExpectedAttempt & { readonly reason: StopReason },
): ExpectedRecord => ({
  result,
  reason: attempt.reason,
  attempts: [{ ...first, ...attempt }],
  time: attempt.took ?? first.took,
});
