// Handlers of the form before undici 7, which the built-in fetch of Node 22 and 24 and undici 7 itself still give.
import { Duplex } from 'node:stream';

import { virtualClock } from '@tenax/core/testing';
import type { Dispatcher } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';

import type { LegacyHandler } from '../src/legacy-handler.ts';
import { FakeDispatcher, failure } from './servers/fake-dispatcher.ts';
import type { FakeAttempt } from './servers/fake-dispatcher.ts';
import { GET, retriesAround, ROUTES } from './servers/retried-request.ts';
import type { Route } from './servers/retried-request.ts';
import { onOldest } from './servers/retrying-agents.ts';

interface Heard {
  readonly events: string[];
  abort: ((reason?: Error) => void) | undefined;
  resume: (() => void) | undefined;
  context: unknown;
  rawHeaders: string[];
  rawTrailers: string[];
  error: unknown;
}

const latin1 = (raw: Buffer[]): string[] => raw.map((part) => part.toString('latin1'));

/** A handler of the older form that writes down what it is told, with some callbacks in place of its own. */
function legacyHandler(own: LegacyHandler = {}): { heard: Heard; handler: LegacyHandler } {
  const heard: Heard = {
    events: [],
    abort: undefined,
    resume: undefined,
    context: undefined,
    rawHeaders: [],
    rawTrailers: [],
    error: undefined,
  };
  const handler: LegacyHandler = {
    onConnect: (abort, context) => {
      heard.events.push('connect');
      Object.assign(heard, { abort, context });
    },
    onHeaders: (statusCode, rawHeaders, resume, statusMessage) => {
      heard.events.push(`headers ${statusCode} ${statusMessage}`);
      Object.assign(heard, { resume, rawHeaders: latin1(rawHeaders) });
    },
    onData: (chunk) => {
      heard.events.push(`data ${chunk.toString()}`);
    },
    onComplete: (rawTrailers) => {
      heard.events.push('complete');
      heard.rawTrailers = latin1(rawTrailers);
    },
    onError: (error) => {
      heard.events.push(`error ${error.message}`);
      heard.error = error;
    },
    onUpgrade: (statusCode, rawHeaders) => {
      heard.events.push(`upgrade ${statusCode}`);
      heard.rawHeaders = latin1(rawHeaders);
    },
    onResponseStarted: () => {
      heard.events.push('response started');
    },
    onBodySent: (...sent) => {
      heard.events.push(`body sent ${sent.map(String).join(' ')}`);
    },
    ...own,
  };
  return { handler, heard };
}

function send(route: Route, own?: LegacyHandler) {
  const clock = virtualClock();
  const dispatcher = new FakeDispatcher();
  const { dispatch } = retriesAround(dispatcher, { clock, jitter: 'none' }, route);
  const { handler, heard } = legacyHandler(own);
  dispatch({ ...GET }, handler);
  return { clock, dispatcher, heard, attempt: (number: number): FakeAttempt => dispatcher.attempt(number) };
}

/** What the controllers of various versions have as their raw headers. */
const RAW: Record<string, unknown> = {
  'in bytes': ['Content-Type', 'text/plain', 'Set-Cookie', 'a=1', 'Set-Cookie', 'c=\u00e9'].map((part) =>
    Buffer.from(part, 'latin1'),
  ),
  'as text': ['Content-Type', 'text/plain', 'Set-Cookie', 'a=1', 'Set-Cookie', 'c=\u00e9'],
  // HTTP/2 in undici 8.
  'as an object': { 'Content-Type': 'text/plain', 'Set-Cookie': ['a=1', 'c=\u00e9'] },
  // undici before 7.17.
  'not at all': undefined,
};

describe.each(ROUTES)('an older handler through %s', (route) => {
  it('EDGE 47: hears one attempt, from its connection to its end', async () => {
    const { attempt, clock, heard } = send(route);
    attempt(1).start().bodySent('x').responseStarted().respond(503, {}, 'Busy').data('no').end();
    await clock.advance(100);
    attempt(2).start().responseStarted().respond(200, {}, 'Fine').data('a').data('b').end();
    const progress = ['body sent x', 'response started', 'response started'];
    const answer = ['headers 200 Fine', 'data a', 'data b', 'complete'];
    expect(heard.events).toEqual(['connect', ...progress, ...answer]);
  });

  it('EDGE 47: hears an error once', async () => {
    const { attempt, clock, heard } = send(route);
    for (const number of [1, 2, 3]) {
      attempt(number).start().fail(failure('ECONNRESET'));
      await clock.advance(1000);
    }
    expect(heard.events).toEqual(['connect', 'error ECONNRESET']);
  });

  it.each(Object.keys(RAW))('EDGE 47: gets every Set-Cookie by itself, raw headers given %s', (form) => {
    const { attempt, heard } = send(route);
    const { controller } = attempt(1).start();
    Object.defineProperty(controller, 'rawHeaders', { get: () => RAW[form], set: vi.fn<() => void>() });
    attempt(1).respond(200, { 'content-type': 'text/plain', 'set-cookie': ['a=1', 'c=\u00e9'] });
    const isRaw = ['in bytes', 'as text'].includes(form);
    const [type, cookie] = isRaw ? ['Content-Type', 'Set-Cookie'] : ['content-type', 'set-cookie'];
    // 7.0.0 reads values as UTF-8.
    const last = onOldest && !isRaw ? 'c=\u00c3\u00a9' : 'c=\u00e9';
    expect(heard.rawHeaders).toEqual([type, 'text/plain', cookie, 'a=1', cookie, last]);
  });

  it('EDGE 47: gets the trailers of its own attempt', async () => {
    const { attempt, clock, heard } = send(route);
    attempt(1).start().respond(503).end({ checksum: 'x' });
    await clock.advance(100);
    attempt(2).start().respond(200).end({ checksum: 'y' });
    expect(heard.rawTrailers).toEqual(['checksum', 'y']);
  });

  it('EDGE 47: pauses with false from onHeaders, until it resumes', () => {
    let resume: (() => void) | undefined;
    const { attempt, heard } = send(route, {
      onHeaders: (_, __, given) => {
        resume = given;
        return false;
      },
    });
    attempt(1).start().respond(200).data('a').end();
    expect(heard.events).toEqual(['connect']);
    resume?.();
    expect(heard.events).toEqual(['connect', 'data a', 'complete']);
  });

  it('EDGE 47: pauses with false from onData, until it resumes', () => {
    const data: string[] = [];
    const { attempt, heard } = send(route, { onData: (chunk) => data.push(chunk.toString()) === 2 });
    attempt(1).start().respond(200).data('a').data('b').data('c').end();
    expect(data).toEqual(['a']);
    heard.resume?.();
    expect([data, heard.events.at(-1)]).toEqual([['a', 'b', 'c'], 'headers 200 ']);
    heard.resume?.();
    expect(heard.events.at(-1)).toBe('complete');
  });

  it.each([true, undefined, 0, null])('EDGE 47: does not pause with %s', (returned) => {
    const { attempt, heard } = send(route, { onHeaders: () => returned, onData: () => returned });
    attempt(1).start().respond(200).data('a').end();
    expect(heard.events).toEqual(['connect', 'complete']);
  });

  it('EDGE 43: does not pause with false after an interim response, as fetch returns it', () => {
    const { attempt, heard } = send(route, { onHeaders: (statusCode) => statusCode >= 200 });
    attempt(1).start().respond(103).respond(200).data('a').end();
    expect(heard.events).toEqual(['connect', 'data a', 'complete']);
  });

  it.each<[string, (sent: ReturnType<typeof send>) => unknown]>([
    ['while the request is sent', ({ attempt }) => attempt(1).start()],
    ['in a wait', ({ attempt }) => attempt(1).start().respond(503).end()],
    [
      'in a wait when no attempt has had a connection',
      ({ attempt }) => attempt(1).fail(failure('ECONNREFUSED')),
    ],
    ['in the body', ({ attempt }) => attempt(1).start().respond(200)],
  ])('EDGE 47: aborts %s, with its reason', async (_, lead) => {
    const sent = send(route);
    lead(sent);
    const reason = new Error('enough');
    sent.heard.abort?.(reason);
    await sent.clock.advance(60_000);
    expect(sent.heard.error).toBe(reason);
    expect(sent.heard.events.filter((event) => /^(?:error|complete)/u.test(event))).toHaveLength(1);
    expect([sent.dispatcher.attempts.length, sent.clock.pending]).toEqual([1, 0]);
  });

  it('EDGE 47: is given the context', () => {
    const { attempt, heard } = send(route);
    attempt(1).start({ from: 'inside' });
    expect(heard.context).toMatchObject({ from: 'inside', retry: { attempts: [] } });
  });

  it('EDGE 42: gets an upgrade with its raw headers', () => {
    const { attempt, heard } = send(route);
    attempt(1)
      .start()
      .upgrade(101, new Duplex({ read: () => undefined }), { upgrade: 'websocket' });
    expect([heard.events, heard.rawHeaders]).toEqual([
      ['connect', 'upgrade 101'],
      ['upgrade', 'websocket'],
    ]);
  });

  it('EDGE 47: is known by its missing onRequestStart, as that of the fetch of Node 24, which has onRequestUpgrade too', () => {
    const onRequestUpgrade = vi.fn<() => void>();
    const { attempt, heard } = send(route, { onRequestUpgrade } as LegacyHandler);
    attempt(1)
      .start()
      .upgrade(101, new Duplex({ read: () => undefined }));
    expect(heard.events).toEqual(['connect', 'upgrade 101']);
    expect(onRequestUpgrade).not.toHaveBeenCalled();
  });

  it('EDGE 47: keeps its own this', () => {
    class Handler {
      readonly events: string[] = [];
      onConnect(): void {
        this.events.push('connect');
      }
      onHeaders(): boolean {
        this.events.push('headers');
        return true;
      }
      onData(): boolean {
        this.events.push('data');
        return true;
      }
      onComplete(): void {
        this.events.push('complete');
      }
      onError(): void {
        this.events.push('error');
      }
    }
    const handler = new Handler();
    const dispatcher = new FakeDispatcher();
    retriesAround(dispatcher, {}, route).dispatch(GET, handler as Dispatcher.DispatchHandler);
    dispatcher.attempt(1).start().respond(200).data('a').end();
    expect(handler.events).toEqual(['connect', 'headers', 'data', 'complete']);
  });
});

describe.each(ROUTES)('an older handler without onError, through %s', (route) => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('EDGE 44: is told of by a warning, and the process lives', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const { attempt, clock, dispatcher } = send(route, { onError: undefined } as unknown as LegacyHandler);
    attempt(1).start().fail(new TypeError('wrong'));
    await clock.advance(60_000);
    expect(warned).toHaveBeenCalledOnce();
    expect([dispatcher.attempts.length, clock.pending]).toEqual([1, 0]);
  });
});
