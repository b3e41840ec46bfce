/** What the caller of a script must see, worked out from the rules alone: no handler, no timer, no promise. */

import { seededRandom } from '@tenax/core/testing';

import { attemptOf, entityOf } from './script.ts';
import type { Options, Script } from './script.ts';
import { timelineOf } from './timeline.ts';
import type { Event } from './timeline.ts';

/** The end of a request whose caller does nothing but listen. */
export interface Prediction {
  readonly dispatches: number;
  /** When those before the response are made, in ms. */
  readonly times: readonly number[];
  /** Of the one final response that is told, if one is. */
  readonly status: number | undefined;
  /** 'end', or the code of the error. */
  readonly ending: string;
}

type Failed = Event & { readonly kind: 'failure' };
type Answered = Event & { readonly kind: 'headers' };

/** How an attempt goes: to its response, or to its failure. */
type Outcome =
  | {
      readonly kind: 'failure';
      readonly at: number;
      readonly code: string;
      readonly mayBeProcessed: boolean;
    }
  | {
      readonly kind: 'response';
      readonly at: number;
      readonly response: Answered;
      readonly events: Event[];
      readonly sentAt: number;
    };

type Ending = { readonly kind: 'error'; readonly code: string } | (Outcome & { readonly kind: 'response' });

interface Verdict {
  readonly failed: boolean;
  readonly retry: boolean;
}

/** ms that a discarded body may take, and the bytes. */
export const LONGEST_DRAIN = 1000;
const LARGEST_DRAIN = 64 * 1024;
const LONGEST_HINT = 60_000;

/**
 * How far a body had come when it broke depends on the caller's pauses.
 *
 * @param offsets what the dispatches asked for
 * @param received how many bytes the caller has in the end
 */
export function predict(
  script: Script,
  offsets: readonly (number | undefined)[],
  received: number,
): Prediction {
  return new Oracle(script, offsets, received).request();
}

class Oracle {
  #dispatches = 0;
  #times: number[] = [];
  #asked = 0;
  readonly #script: Script;
  readonly #options: Options;
  readonly #offsets: readonly (number | undefined)[];
  readonly #received: number;
  readonly #entity: Buffer;
  readonly #random: () => number;

  constructor(script: Script, offsets: readonly (number | undefined)[], received: number) {
    this.#script = script;
    this.#options = script.options;
    this.#offsets = offsets;
    this.#received = received;
    this.#entity = entityOf(script);
    this.#random = seededRandom(script.seed);
  }

  request(): Prediction {
    const { maxAttempts, method, resume } = this.#options;
    const ending = this.#operation(maxAttempts);
    if (ending.kind === 'error') return this.#prediction(undefined, ending.code);
    const { status, headers } = ending.response;
    const last = ending.events.at(-1) as Event;
    if (last.kind !== 'failure') return this.#prediction(status, 'end');
    const resumable = resume && method === 'GET' && status === 200 && headers['etag']?.startsWith('"');
    const length = headers['content-length'] === undefined ? undefined : this.#entity.length;
    return this.#prediction(status, resumable ? this.#rest(last.code, length) : last.code);
  }

  /** The rest of a download that broke, after a response that may have told its length. */
  #rest(broken: string, given: number | undefined): string {
    let length = given;
    for (let code = broken; ;) {
      const ending = this.#operation(this.#options.maxAttempts - this.#dispatches + 1, code);
      if (ending.kind === 'error') return ending.code;
      const { headers, status } = ending.response;
      const offset = this.#offsets[this.#dispatches - 1] as number;
      const isSame = (headers['etag'] ?? '"v1"') === '"v1"';
      const isWhole = length === undefined ? isSame : length === offset;
      if (isWhole && status === 416 && headers['content-range'] === `bytes */${offset}`) return 'end';
      const [, first, last, total] =
        /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? [];
      const isRest = status === 206 && Number(first) === offset && isSame;
      const said = total === '*' ? undefined : Number(total);
      const end = length ?? said ?? Number(last) + 1;
      if (!isRest || (said ?? end) !== end) return 'TENAX_RESUME_REFUSED';
      const reached = offset + sizeOf(ending.events);
      if (reached > end) return 'TENAX_RESUME_REFUSED';
      length ??= said;
      const final = ending.events.at(-1) as Event;
      const came = this.#offsets[this.#dispatches] ?? this.#received;
      if (final.kind === 'failure') {
        if (came === length) return 'end';
        code = final.code;
      } else if (reached === end) return 'end';
      // A server may give a part of what it is asked for.
      else code = 'ERR_STREAM_PREMATURE_CLOSE';
    }
  }

  /** Attempts with waits between them. With `broken`, the first of them has ended already, in that way. */
  #operation(maxAttempts: number, broken?: string): Ending {
    const { timeout: deadline = Infinity } = this.#options;
    const expired: Ending = { kind: 'error', code: 'TENAX_OPERATION_TIMEOUT' };
    for (let [number, now] = [1, 0]; ; number += 1) {
      const outcome =
        broken !== undefined && number === 1 ? failure(0, broken) : this.#attempt(now, deadline - now);
      if (outcome.at > deadline) return expired;
      const decidedAt = this.#decisionTime(outcome);
      const verdict = this.#verdict(outcome);
      if (decidedAt > deadline) return expired;
      if (!verdict.retry) return own(outcome);
      const remaining = deadline - decidedAt;
      const wait = this.#wait(outcome, number, maxAttempts, remaining);
      if (typeof wait === 'string') {
        return this.#options.throwOnExhausted ? { kind: 'error', code: wait } : own(outcome);
      }
      const drained = Math.max(decidedAt + wait, this.#drained(outcome, decidedAt));
      now = drained + (this.#options.beforeRetry ? BEFORE_RETRY : 0);
      if (now > deadline) return expired;
    }
  }

  #attempt(now: number, remaining: number): Outcome {
    const { attemptTimeout = Infinity } = this.#options;
    const index = this.#dispatches;
    this.#dispatches += 1;
    if (this.#offsets[index] === undefined) this.#times.push(now);
    const attempt = attemptOf(this.#script, index);
    const events = timelineOf(attempt, this.#entity, this.#offsets[index]);
    const first = events.find(({ kind }) => kind === 'headers' || kind === 'failure') as Answered | Failed;
    if (first.at > attemptTimeout && attemptTimeout < remaining) {
      const started = events.some(({ at, kind }) => kind === 'start' && at < attemptTimeout);
      return failure(now + attemptTimeout, 'TENAX_ATTEMPT_TIMEOUT', started);
    }
    const at = now + first.at;
    if (first.kind === 'headers') return { kind: 'response', at, response: first, events, sentAt: now };
    const connected = attempt.kind !== 'refused' && attempt.kind !== 'lost before its start';
    // An error within the dispatch itself is a mock's, which stands for one of any time.
    const synchronous = attempt.delivery === 'mock' || attempt.delivery === 'at once';
    return failure(at, first.code, connected || (synchronous && first.code !== 'ECONNREFUSED'));
  }

  /** When the policy has made up its mind. */
  #decisionTime(outcome: Outcome): number {
    const { kind } = this.#options.shouldRetry;
    if (kind === 'later') return outcome.at + LATER;
    if (kind !== 'after the text' || outcome.kind === 'failure') return outcome.at;
    return outcome.sentAt + (outcome.events.at(-1) as Event).at;
  }

  #verdict(outcome: Outcome): Verdict {
    const { method, shouldRetry } = this.#options;
    const status = outcome.kind === 'response' ? outcome.response.status : 0;
    const safe =
      method !== 'POST' || status === 429 || (outcome.kind === 'failure' && !outcome.mayBeProcessed);
    const failed = outcome.kind === 'failure' || status >= 400;
    const builtIn = { failed, retry: failed && safe && status !== 404 && status !== 416 };
    if (shouldRetry.kind === 'none') return builtIn;
    const answer = shouldRetry.answers[this.#asked % shouldRetry.answers.length];
    this.#asked += 1;
    return answer === undefined ? builtIn : { failed: failed || answer, retry: answer };
  }

  /** ms to wait, or the code of what keeps the next attempt from being sent. */
  #wait(outcome: Outcome, number: number, maxAttempts: number, remaining: number): number | string {
    const { baseDelay, body, replay } = this.#options;
    if (number >= maxAttempts) return 'TENAX_EXHAUSTED';
    if (body === 'stream' && !replay) return 'TENAX_BODY_NOT_REPLAYABLE';
    const header = outcome.kind === 'response' ? outcome.response.headers['retry-after-ms'] : undefined;
    const hint = header !== undefined && /^\d+$/.test(header) ? Number(header) : 0;
    if (hint > LONGEST_HINT) return 'TENAX_EXHAUSTED';
    if (hint >= remaining) return 'TENAX_OPERATION_TIMEOUT';
    const throttled = outcome.kind === 'response' && outcome.response.status === 429;
    const computed = throttled ? 3 * baseDelay : baseDelay;
    const wait = hint > 0 && hint >= computed ? hint * (1 + 0.1 * this.#random()) : computed;
    return wait < remaining ? wait : 'TENAX_OPERATION_TIMEOUT';
  }

  /** When the connection of a discarded response is free, or given up. */
  #drained(outcome: Outcome, from: number): number {
    if (outcome.kind === 'failure') return from;
    const { events, response, sentAt } = outcome;
    if (Number(response.headers['content-length']) > LARGEST_DRAIN) return from;
    let size = 0;
    const over = events.find((event) => {
      size += event.kind === 'chunk' ? event.chunk.length : 0;
      return size > LARGEST_DRAIN || event.kind === 'end' || event.kind === 'failure';
    }) as Event;
    return Math.max(from, Math.min(sentAt + over.at, from + LONGEST_DRAIN));
  }

  #prediction(status: number | undefined, ending: string): Prediction {
    return { dispatches: this.#dispatches, times: this.#times, status, ending };
  }
}

/** ms that an asynchronous verdict takes, and the hook. */
export const LATER = 40;
export const BEFORE_RETRY = 15;

function failure(at: number, code: string, mayBeProcessed = true): Outcome {
  return { kind: 'failure', at, code, mayBeProcessed };
}

function own(outcome: Outcome): Ending {
  return outcome.kind === 'failure' ? { kind: 'error', code: outcome.code } : outcome;
}

function sizeOf(events: readonly Event[]): number {
  return events.reduce((size, event) => size + (event.kind === 'chunk' ? event.chunk.length : 0), 0);
}
