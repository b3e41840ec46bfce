// A handler that throws ends its own request, as in undici, and nothing else.
import { Duplex } from 'node:stream';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { failure } from './servers/fake-dispatcher.ts';
import type { FakeAttempt } from './servers/fake-dispatcher.ts';
import { RecordingHandler } from './servers/recording-handler.ts';
import type { Reactions } from './servers/recording-handler.ts';
import { NOTHING, quiet, ROUTES, send } from './servers/retried-request.ts';
import type { Given, RetriedRequest } from './servers/retried-request.ts';

/** Of a kind that would be retried if it came from a connection. */
const THROWN = failure('ECONNRESET');
const fail = (): never => {
  throw THROWN;
};
const closed = new Duplex({ read: () => undefined });

/** A response whose body could be continued. */
const ENTITY = { etag: '"1"', 'content-length': '2', 'accept-ranges': 'bytes' };

type Callback = Exclude<keyof Reactions, 'onResponseError'>;

/** The way to each callback, and what the caller has heard by then. */
const CALLBACKS: Record<Callback, readonly [lead: (attempt: FakeAttempt) => FakeAttempt, heard: string[]]> = {
  onRequestStart: [(attempt) => attempt.start(), ['start']],
  onBodySent: [(attempt) => attempt.start().bodySent('x'), ['start', 'body sent x']],
  onRequestSent: [(attempt) => attempt.start().requestSent(), ['start', 'request sent']],
  onResponseStarted: [(attempt) => attempt.start().responseStarted(), ['start', 'response started']],
  onResponseStart: [(attempt) => attempt.start().respond(200, ENTITY), ['start', 'response 200']],
  onResponseData: [
    (attempt) => attempt.start().respond(200, ENTITY).data('a'),
    ['start', 'response 200', 'data a'],
  ],
  onResponseEnd: [
    (attempt) => attempt.start().respond(200, ENTITY).data('ab').end(),
    ['start', 'response 200', 'data ab', 'end'],
  ],
  onRequestUpgrade: [(attempt) => attempt.start().upgrade(101, closed), ['start', 'upgrade 101']],
};
const NAMES = Object.keys(CALLBACKS) as Callback[];

const ASKED: NonNullable<Given['options']> = { shouldRetry: async () => undefined };
/** What the attempts are sent with, and whether what is heard comes later than the event. */
const WAYS: readonly [name: string, options: NonNullable<Given['options']>][] = [
  ['at once', {}],
  ['after an asynchronous shouldRetry', ASKED],
  ['with resume', { resume: true }],
];
const CASES = ROUTES.flatMap((route) =>
  WAYS.flatMap(([way, options]) => NAMES.map((name) => [name, way, route, options] as const)),
);

/** What is left of a request, and what of it comes later. */
async function afterwards(sent: RetriedRequest): Promise<object> {
  await sent.clock.advance(0);
  const { dispatcher, handler } = sent;
  const later = await quiet(sent);
  return {
    heard: handler.events,
    isThrown: handler.error === THROWN,
    sent: dispatcher.attempts.length,
    later,
  };
}

const endedAfter = (...heard: string[]): object => ({
  heard: [...heard, 'error ECONNRESET'],
  isThrown: true,
  sent: 1,
  later: NOTHING,
});

describe.each(CASES)('a throw in %s, %s, through %s', (name, _, route, options) => {
  const [lead, heard] = CALLBACKS[name];

  it('EDGE 44: ends the request with that error, and no retry follows', async () => {
    const sent = send({ route, options, reactions: { [name]: fail } });
    lead(sent.attempt(1));
    expect(await afterwards(sent)).toEqual(endedAfter(...heard));
  });

  it('EDGE 44: is not heard of twice when the connection then fails too', async () => {
    const sent = send({ route, options, reactions: { [name]: fail } });
    lead(sent.attempt(1));
    await sent.clock.advance(0);
    sent.attempt(1).fail(failure('EPIPE'));
    expect(await afterwards(sent)).toEqual(endedAfter(...heard));
  });
});

describe.each(ROUTES)('through %s', (route) => {
  it('EDGE 44: a throw in onResponseStart of an interim response ends the request', async () => {
    const sent = send({ route, reactions: { onResponseStart: fail } });
    sent.attempt(1).start().respond(103);
    expect(await afterwards(sent)).toEqual(endedAfter('start', 'response 103'));
  });

  it('EDGE 44: a throw in onRequestStart when no attempt has had a connection ends the wait', async () => {
    const sent = send({ route, reactions: { onRequestStart: fail } });
    sent.attempt(1).fail(failure('ECONNREFUSED'));
    expect(await afterwards(sent)).toEqual(endedAfter('start'));
  });

  it('EDGE 44: a throw in onResponseStart of a 503 that is given up on ends the request', async () => {
    const sent = send({ route, options: { maxAttempts: 1 }, reactions: { onResponseStart: fail } });
    sent.attempt(1).start().respond(503);
    expect(await afterwards(sent)).toEqual(endedAfter('start', 'response 503'));
  });

  it.each(['onResponseStart', 'onResponseData', 'onResponseEnd'] as const)(
    'EDGE 44: a throw in %s of a body that was held back ends the request once',
    async (name) => {
      const options: Given['options'] = {
        shouldRetry: async (outcome) => {
          if (outcome.kind === 'response') await outcome.text();
          return undefined;
        },
      };
      const sent = send({ route, options, reactions: { [name]: fail } });
      const [lead, heard] = CALLBACKS[name];
      lead(sent.attempt(1));
      if (name !== 'onResponseEnd') sent.attempt(1).end();
      expect(await afterwards(sent)).toEqual(endedAfter(...heard));
    },
  );

  it('EDGE 44: a throw after an asynchronous shouldRetry gives up the connection', async () => {
    const sent = send({ route, options: ASKED, reactions: { onResponseStart: fail } });
    sent.attempt(1).start().respond(200);
    await sent.clock.advance(0);
    expect(sent.attempt(1).controller.aborted).toBe(true);
  });

  it('EDGE 44: a throw in the rest of a download that was resumed ends the request', async () => {
    let chunks = 0;
    const onResponseData = (): void => {
      chunks += 1;
      if (chunks === 2) fail();
    };
    const sent = send({ route, options: { resume: true }, reactions: { onResponseData } });
    const { attempt, clock, dispatcher, handler } = sent;
    attempt(1).start().respond(200, ENTITY).data('a');
    attempt(1).fail(failure('EPIPE'));
    await clock.advance(100);
    attempt(2)
      .start()
      .respond(206, { etag: '"1"', 'content-range': 'bytes 1-1/2', 'content-length': '1' })
      .data('b');
    await clock.advance(0);
    expect(handler.events).toEqual(['start', 'response 200', 'data a', 'data b', 'error ECONNRESET']);
    expect(await quiet(sent)).toEqual(NOTHING);
    expect(dispatcher.attempts).toHaveLength(2);
  });
});

describe.each(ROUTES)('a throw in onResponseError, through %s', (route) => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const ENDS: Record<string, (sent: RetriedRequest) => unknown> = {
    'an error that is not retried': ({ attempt }) => attempt(1).start().fail(new TypeError('wrong')),
    'an abort': ({ attempt, handler }) => {
      attempt(1).start();
      handler.controller.abort(new Error('enough'));
    },
    'a broken body': ({ attempt }) => attempt(1).start().respond(200).fail(failure('ECONNRESET')),
  };

  it.each(Object.keys(ENDS))('EDGE 44: of %s is told as a warning, and the process lives', async (name) => {
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const sent = send({ route, reactions: { onResponseError: fail } });
    (ENDS[name] as (sent: RetriedRequest) => unknown)(sent);
    await sent.clock.advance(0);
    expect(sent.handler.endings).toHaveLength(1);
    expect(await quiet(sent)).toEqual(NOTHING);
    expect(warned).toHaveBeenCalledOnce();
    expect(warned.mock.calls[0]?.[0]).toContain('onResponseError');
  });
});

it('EDGE 44: a throw of one request leaves the other requests of the same dispatcher alone', async () => {
  const sent = send({ reactions: { onResponseData: fail } });
  const { attempt, dispatcher } = sent;
  const other = new RecordingHandler();
  dispatcher.dispatch({ origin: 'http://origin.test', path: '/', method: 'GET' }, other);
  attempt(1).start().respond(200).data('a');
  attempt(2).start().respond(200).data('b').end();
  expect(sent.handler.endings).toEqual(['error ECONNRESET']);
  expect(other.endings).toEqual(['end']);
});
