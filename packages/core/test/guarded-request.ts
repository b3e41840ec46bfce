import type { EndEvent } from '../src/events.ts';
import type { CallOptions } from '../src/exchange.ts';
import type { RetryEngine } from '../src/engine.ts';
import type { RetryOptions } from '../src/options.ts';
import type { VirtualClock } from '../src/testing/virtual-clock.ts';
import { FakeEventExchange } from './fake-event-exchange.ts';
import { FakeExchange } from './fake-exchange.ts';
import type { FakeResponse } from './fake-exchange.ts';
import { response } from './operation-driver.ts';
import { deferred, virtualEngine } from './virtual-engine.ts';

/** How a request ended: with a response, or with an error. */
export type RequestEnd = { readonly status: number } | { readonly error: unknown };

/** A request whose attempts a test ends. Let the clock advance, by 0 at least, before its end is asked for. */
export interface GuardedRequest {
  /** Attempts that were sent. */
  readonly sent: number;
  /** Absent while it is under way. */
  readonly end: RequestEnd | undefined;
  /** Answers the attempt that was sent last. */
  answer(status: number, headers?: Record<string, string>): void;
  /** Lets the attempt that was sent last fail. */
  fail(error: unknown): void;
}

/** Starts a request on an engine. */
export type Start = (engine: RetryEngine, call?: CallOptions) => GuardedRequest;

const LONGEST_SCRIPT = 12;

function startWithPromises(engine: RetryEngine, call: CallOptions = {}): GuardedRequest {
  const answers = Array.from({ length: LONGEST_SCRIPT }, () => deferred<FakeResponse>());
  const exchange = new FakeExchange(
    answers.map(({ promise }) => promise),
    { call: { method: 'GET', ...call } },
  );
  let end: RequestEnd | undefined;
  engine.run(exchange).then(
    ({ status }) => {
      end = { status };
    },
    (error: unknown) => {
      end = { error };
    },
  );
  return {
    get sent() {
      return exchange.attempts.length;
    },
    get end() {
      return end;
    },
    answer(status, headers = {}) {
      answers[exchange.attempts.length - 1]!.resolve({ status, headers });
    },
    fail(error) {
      answers[exchange.attempts.length - 1]!.reject(error);
    },
  };
}

/** The exchange keeps the response that the caller gets. */
class RecordingExchange extends FakeEventExchange {
  readonly url = 'https://a.example/path?secret=1';
  end: RequestEnd | undefined;
  status = 0;

  override accept(): void {
    this.end = { status: this.status };
  }

  override fail(error: unknown): void {
    this.end = { error };
  }
}

function startWithEvents(engine: RetryEngine, call: CallOptions = {}): GuardedRequest {
  const exchange = new RecordingExchange({ method: 'GET', ...call });
  const operation = exchange.start(engine);
  return {
    get sent() {
      return exchange.attempts.length;
    },
    get end() {
      return exchange.end;
    },
    answer(status, headers) {
      exchange.status = status;
      operation.responded(response(status, headers));
    },
    fail(error) {
      operation.failed(error);
    },
  };
}

export const DRIVERS: [string, Start][] = [
  ['promises', startWithPromises],
  ['events', startWithEvents],
];

/** The destination of every request that names no other. */
export const KEY = 'https://a.example';

/** A virtual engine, and the ends that its hooks were told. */
export function guardedEngine(options: RetryOptions = {}): {
  clock: VirtualClock;
  engine: RetryEngine;
  ends: EndEvent[];
} {
  const ends: EndEvent[] = [];
  const note = (event: EndEvent): void => void ends.push(event);
  const hooks = { onSuccess: note, onGiveUp: note, ...options.hooks };
  return { ...virtualEngine({ ...options, hooks }), ends };
}
