/** Random scripts. */

import * as fc from 'fast-check';

import { describeScript } from './readable.ts';
import { LARGEST_ENTITY } from './script.ts';
import type {
  Attempt,
  Callback,
  Caller,
  Closing,
  Failure,
  Moment,
  Options,
  Race,
  Response,
  Script,
} from './script.ts';

// Whole ms for the network, parts of one for time limits and for what is done to a request: no two of them ever fall together.
const LIMIT_OFFSET = { attempt: 0.5, operation: 0.25, caller: 0.125, closing: 0.0625 };

const pace = {
  delays: fc.array(fc.constantFrom(0, 3, 30, 701), { minLength: 1, maxLength: 4 }),
  restarted: rarely(),
  interim: fc.constantFrom(0, 0, 0, 1, 2),
};

const failures: fc.Arbitrary<Failure> = fc.record({
  kind: fc.constantFrom(
    'refused' as const,
    'lost before its start' as const,
    'reset' as const,
    'silent' as const,
  ),
  delivery: fc.constantFrom('timers' as const, 'at once' as const, 'microtasks' as const),
  ...pace,
});

const responses: fc.Arbitrary<Response> = fc
  .record({
    kind: fc.constant('response' as const),
    delivery: fc.constantFrom('timers' as const, 'at once' as const, 'microtasks' as const, 'mock' as const),
    ...pace,
    status: oftenFrom(200, 200, 206, 404, 429, 429, 503, 503, 503),
    retryAfter: fc.constantFrom(undefined, undefined, undefined, '0', '7', '250', '90000', 'soon'),
    contentLength: fc.boolean(),
    acceptRanges: fc.boolean(),
    etag: fc.constantFrom('"v1"', '"v1"', '"v1"', 'W/"v1"', undefined),
    continuation: fc.constantFrom(
      'right' as const,
      'right' as const,
      'right' as const,
      'another range' as const,
      'no range' as const,
      'another entity' as const,
      'another length' as const,
      'no length' as const,
      'only a part' as const,
      'too few bytes' as const,
      'too many bytes' as const,
    ),
    cuts: fc.array(fc.nat(1000), { maxLength: 4 }),
    ending: fc.constantFrom('end' as const, 'reset' as const, 'truncated' as const, 'stalled' as const),
    chunksBeforeEnding: fc.nat(5),
  })
  // A reset may lose the bytes that would show that they are too many.
  .map((response) =>
    response.continuation === 'too many bytes' ? { ...response, ending: 'end' as const } : response,
  )
  // Nothing breaks off in a mock.
  .map((response) =>
    response.delivery === 'mock' ? { ...response, ending: 'end', restarted: false } : response,
  );

const attempts: fc.Arbitrary<Attempt> = fc.oneof(
  { weight: 1, arbitrary: failures },
  { weight: 3, arbitrary: responses },
);

const limits = fc.record({
  attemptTimeout: fc.constantFrom(undefined, undefined, undefined, undefined, 2, 50, 600),
  timeout: fc.constantFrom(undefined, undefined, undefined, 700, 1500, 5000),
});

const options: fc.Arbitrary<Options> = fc
  .record({
    method: fc.constantFrom('GET' as const, 'GET' as const, 'PUT' as const, 'POST' as const),
    body: fc.constantFrom('text' as const, 'stream' as const),
    replay: fc.constantFrom(true, true, false),
    maxAttempts: fc.constantFrom(1, 2, 3, 3, 4, 4),
    baseDelay: fc.constantFrom(0, 20, 900),
    limits,
    resume: fc.boolean(),
    throwOnExhausted: rarely(),
    beforeRetry: rarely(),
    shouldRetry: fc.record({
      kind: fc.constantFrom(
        'none' as const,
        'none' as const,
        'at once' as const,
        'later' as const,
        'after the text' as const,
      ),
      answers: fc.array(fc.constantFrom(undefined, undefined, true, false), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  })
  .map(({ body, limits: { attemptTimeout, timeout }, ...rest }) => ({
    ...rest,
    body: rest.method === 'GET' ? 'none' : body,
    attemptTimeout: attemptTimeout === undefined ? undefined : attemptTimeout + LIMIT_OFFSET.attempt,
    timeout: timeout === undefined ? undefined : timeout + LIMIT_OFFSET.operation,
  }));

const callbacks = fc.constantFrom<Callback>(
  'onRequestStart',
  'onRequestSent',
  'onResponseStarted',
  'interim',
  'onResponseStart',
  'onResponseData',
  'onResponseEnd',
);
const moments: fc.Arbitrary<Moment> = fc.record({
  callback: callbacks,
  call: fc.constantFrom(0, 0, 0, 1, 2),
});
const pauses = fc.array(
  fc.record({
    callback: fc.constantFrom<Callback>(
      'onRequestStart',
      'onResponseStart',
      'onResponseData',
      'onResponseData',
      'interim',
    ),
    call: fc.nat(2),
    duration: fc.constantFrom(0, 10, 100, 2000),
  }),
  { maxLength: 3 },
);
const times = fc.oneof(fc.nat(100), fc.nat(3000)).map((time) => time + LIMIT_OFFSET.caller);

const races: fc.Arbitrary<Race> = fc.record({
  timer: fc.integer({ min: 1, max: 4 }),
  microtasks: fc.nat(9),
});

/** A caller that listens, that gives up, or that throws. */
const callers: fc.Arbitrary<Caller> = fc.oneof(
  fc.record({ abort: fc.constant(undefined), throws: fc.constant(undefined), pauses }),
  fc.record({ abort: fc.oneof(times, moments, races), throws: fc.constant(undefined), pauses }),
  fc.record({ abort: fc.constant(undefined), throws: moments, pauses }),
);

const closings: fc.Arbitrary<Closing> = fc.record({
  kind: oftenFrom('close', 'destroy'),
  at: fc.nat(2000).map((time) => time + LIMIT_OFFSET.closing),
});

const requests: fc.Arbitrary<Script> = fc.record({
  attempts: fc.array(attempts, { minLength: 1, maxLength: 5 }),
  entitySize: fc.constantFrom(0, 1, 7, 1000, LARGEST_ENTITY),
  options,
  caller: callers,
  closing: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: closings }),
  seed: fc.nat(),
});

/** A download that breaks off at once, and is continued by servers that know what a Range is. */
const downloads: fc.Arbitrary<Script> = fc
  .record({
    script: requests,
    first: responses,
    rest: fc.array(fc.oneof({ weight: 3, arbitrary: responses }, { weight: 1, arbitrary: failures }), {
      maxLength: 3,
    }),
    ending: oftenFrom('reset', 'truncated', 'stalled'),
    status: oftenFrom(206, 206, 206, 200, 503),
  })
  .map(({ ending, first, rest, script, status }) => ({
    ...script,
    attempts: [
      {
        ...first,
        delivery: first.delivery === 'mock' ? 'timers' : first.delivery,
        status: 200,
        etag: '"v1"',
        ending,
      },
      ...rest.map((attempt) => (attempt.kind === 'response' ? { ...attempt, status } : attempt)),
      ...script.attempts,
    ],
    options: { ...script.options, method: 'GET', body: 'none', resume: true },
  }));

/** Scripts that are printed so that a person can read them. */
export const scripts: fc.Arbitrary<Script> = fc
  .oneof(requests, downloads)
  .map((script) => ({ ...script, [fc.toStringMethod]: () => `\n${describeScript(script)}\n` }));

/** A value that is named twice comes twice as often. */
function oftenFrom<const T>(...values: T[]): fc.Arbitrary<T> {
  return fc.constantFrom(...values);
}

function rarely(): fc.Arbitrary<boolean> {
  return fc.constantFrom(false, false, false, true);
}
