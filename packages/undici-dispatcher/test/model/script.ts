/** What happens to one request: on the network, in its policy, and at its caller. */

/** How the events of an attempt come. */
export type Delivery =
  /** Within `dispatch`, as a MockAgent does: it knows no pause, and goes on after an abort. */
  | 'mock'
  /** Within `dispatch`, by the rules of a connection. */
  | 'at once'
  /** A microtask for each. */
  | 'microtasks'
  /** After some ms each, on the clock. */
  | 'timers';

interface Pace {
  readonly delivery: Delivery;
  /** ms before each event, in turn. */
  readonly delays: readonly number[];
  /** Whether undici starts it a second time, as with a stream that a server refused. */
  readonly restarted: boolean;
  /** Interim responses before what follows. */
  readonly interim: number;
}

/** The attempt ends without a response. */
export interface Failure extends Pace {
  readonly kind: 'refused' | 'lost before its start' | 'reset' | 'silent';
}

/** What a server answers to a Range. */
export type Continuation =
  | 'right'
  | 'another range'
  | 'no range'
  | 'another entity'
  | 'another length'
  | 'no length'
  | 'only a part'
  | 'too few bytes'
  | 'too many bytes';

/** The attempt brings a response. A 200 and a 206 have the entity as their body, every other one a text of its own. */
export interface Response extends Pace {
  readonly kind: 'response';
  readonly status: 200 | 206 | 404 | 429 | 503;
  readonly retryAfter: string | undefined;
  readonly contentLength: boolean;
  readonly acceptRanges: boolean;
  readonly etag: string | undefined;
  readonly continuation: Continuation;
  /** Where the body is cut into chunks, in thousandths of it. */
  readonly cuts: readonly number[];
  readonly ending: 'end' | 'reset' | 'truncated' | 'stalled';
  /** The chunks that come before a bad ending. */
  readonly chunksBeforeEnding: number;
}

export type Attempt = Failure | Response;

/** The policy's verdicts, one for each time it is asked. */
export interface Verdicts {
  readonly kind: 'none' | 'at once' | 'later' | 'after the text';
  readonly answers: readonly (boolean | undefined)[];
}

export interface Options {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly body: 'none' | 'text' | 'stream';
  readonly replay: boolean;
  readonly maxAttempts: number;
  readonly baseDelay: number;
  readonly attemptTimeout: number | undefined;
  readonly timeout: number | undefined;
  readonly resume: boolean;
  readonly throwOnExhausted: boolean;
  readonly shouldRetry: Verdicts;
  /** Whether the hook beforeRetry takes its time. */
  readonly beforeRetry: boolean;
}

/** The callbacks of a handler in which its owner may do something. */
export type Callback =
  | 'onRequestStart'
  | 'onRequestSent'
  | 'onResponseStarted'
  | 'interim'
  | 'onResponseStart'
  | 'onResponseData'
  | 'onResponseEnd';

/** The n-th call of a callback. */
export interface Moment {
  readonly callback: Callback;
  readonly call: number;
}

/** So many microtasks after the n-th timer of the policy has fired: between two steps of the package. */
export interface Race {
  readonly timer: number;
  readonly microtasks: number;
}

export interface Caller {
  /** At a time on the clock, in a callback, or in a race with what the package does next. */
  readonly abort: number | Moment | Race | undefined;
  readonly throws: Moment | undefined;
  /** It stops the flow there, for so many ms; for 0 it lets it go on before it returns. */
  readonly pauses: readonly (Moment & { readonly duration: number })[];
}

/** The dispatcher is closed or destroyed at some time. */
export interface Closing {
  readonly kind: 'close' | 'destroy';
  readonly at: number;
}

export interface Script {
  readonly attempts: readonly Attempt[];
  readonly entitySize: number;
  readonly options: Options;
  readonly caller: Caller;
  readonly closing: Closing | undefined;
  readonly seed: number;
}

export const REQUEST_BODY = ['some text, ', 'and some more'] as const;

/** More than is drained of a discarded body. */
export const LARGEST_ENTITY = 100_000;

/** Bytes that tell where they belong. */
export function entityOf({ entitySize }: Script): Buffer {
  return ENTITY.subarray(0, entitySize);
}

const ENTITY = Buffer.from(
  Array.from({ length: LARGEST_ENTITY }, (_, index) => 33 + ((index + (index >> 6)) % 89)),
);

/** The script's attempt of this number, counted from 0; after the last one the server is well. */
export function attemptOf({ attempts }: Script, index: number): Attempt {
  return attempts[index] ?? WELL;
}

const WELL: Response = {
  kind: 'response',
  delivery: 'timers',
  delays: [1],
  restarted: false,
  interim: 0,
  status: 206,
  retryAfter: undefined,
  contentLength: true,
  acceptRanges: true,
  etag: '"v1"',
  continuation: 'right',
  cuts: [500],
  ending: 'end',
  chunksBeforeEnding: 0,
};
