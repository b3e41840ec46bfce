// Where undici's RetryAgent and ours differ on purpose: the same request to the same script of a server, once with each.
import { getRetryStatistics } from '@tenax/core';
import { Agent, MockAgent, request, type Dispatcher, type RetryHandler } from 'undici';
import { describe, expect, test, vi } from 'vitest';

import {
  codeOf,
  ending,
  isCompared,
  ours,
  serverOf,
  theirs,
  type Answer,
  type RequestOptions,
} from './servers/retry-agent-side-by-side.ts';

const URL = 'http://api.example.test/';
/** A wait that nobody waits for. */
const LONG = {
  clock: undefined,
  strategy: 'fixed',
  baseDelay: 60_000,
  maxDelay: 60_000,
  jitter: 'none',
} as const;

/** How often a request is sent that fails with an error each time. */
async function timesSent(
  error: Error,
  method: Dispatcher.HttpMethod,
  retrying: (inner: Dispatcher) => Dispatcher,
): Promise<number> {
  const mock = new MockAgent();
  mock.get('http://api.example.test').intercept({ path: '/', method }).replyWithError(error).persist();
  let sent = 0;
  const counting = mock.compose((dispatch) => (options, handler) => {
    sent += 1;
    return dispatch(options, handler);
  });
  await expect(request(URL, { method, dispatcher: retrying(counting) })).rejects.toBe(error);
  await mock.close();
  return sent;
}

describe.runIf(isCompared)('what is retried', () => {
  test.each<[code: string, method: Dispatcher.HttpMethod, there: number, here: number]>([
    ['ECONNRESET', 'PUT', 2, 2],
    ['UND_ERR_SOCKET', 'GET', 2, 2],
    ['ECONNRESET', 'POST', 1, 1],
    ['ECONNREFUSED', 'GET', 2, 2],
    ['ECONNREFUSED', 'POST', 1, 2],
    ['ENOTFOUND', 'POST', 1, 2],
    ['EAI_AGAIN', 'GET', 1, 2],
    ['UND_ERR_CONNECT_TIMEOUT', 'GET', 1, 2],
    ['UND_ERR_CONNECT_TIMEOUT', 'POST', 1, 2],
    ['UND_ERR_HEADERS_TIMEOUT', 'GET', 1, 2],
    ['UND_ERR_BODY_TIMEOUT', 'GET', 1, 2],
    ['ETIMEDOUT', 'GET', 1, 2],
    ['UND_ERR_INFO', 'GET', 1, 2],
    ['ERR_HTTP2_STREAM_ERROR', 'GET', 1, 2],
    ['CERT_HAS_EXPIRED', 'GET', 1, 1],
    ['UND_ERR_HEADERS_OVERFLOW', 'GET', 1, 1],
  ])('%s of a %s: sent %i times there, %i times here', async (code, method, there, here) => {
    const error = Object.assign(new Error('failed'), { code });
    expect(await timesSent(error, method, (inner) => theirs({ maxRetries: 1 }, inner))).toBe(there);
    expect(await timesSent(error, method, (inner) => ours({ maxAttempts: 2 }, inner))).toBe(here);
  });

  test('errorCodes: a list there, a class for each code here', async () => {
    const error = Object.assign(new Error('failed'), { code: 'E_MINE' });
    const old = { maxRetries: 1, errorCodes: ['E_MINE'] };
    const own = { maxAttempts: 2, errorCodes: { E_MINE: 'transport' } } as const;
    expect(await timesSent(error, 'GET', (inner) => theirs(old, inner))).toBe(2);
    expect(await timesSent(error, 'GET', (inner) => ours(own, inner))).toBe(2);
    const never = { maxAttempts: 2, errorCodes: { E_MINE: 'permanent' } } as const;
    expect(await timesSent(error, 'GET', (inner) => ours(never, inner))).toBe(1);
  });

  test('a fault of the program has no code: sent again there, once here', async () => {
    const error = new ReferenceError('undefined is not defined');
    expect(await timesSent(error, 'GET', (inner) => theirs({ maxRetries: 1 }, inner))).toBe(2);
    expect(await timesSent(error, 'GET', (inner) => ours({ maxAttempts: 2 }, inner))).toBe(1);
  });

  test('a 429 to a POST: an error there, sent again here', async () => {
    const order: RequestOptions = { method: 'POST', body: 'order' };
    expect(await ending([429, 200], theirs(), order)).toBe('UND_ERR_REQ_RETRY after 1');
    expect(await ending([429, 200], ours(), order)).toBe('200 later after 2');
  });

  test('a slow attempt: the end there, retried here', async () => {
    const slow = (): Agent => new Agent({ headersTimeout: 50 });
    expect(await ending(['silence', 200], theirs({}, slow()))).toBe('UND_ERR_HEADERS_TIMEOUT after 1');
    expect(await ending(['silence', 200], ours({}, slow()))).toBe('200 later after 2');
  });

  test('timeout bounds all attempts and waits here: a wait that would outlast it is not begun', async () => {
    expect(await ending([503, 200], ours({ ...LONG, timeout: 10_000 }))).toBe('503 later after 1');
  });
});

describe.runIf(isCompared)('an abort during a wait', () => {
  test.each<[string, (abort: () => void) => Dispatcher]>([
    [
      'there',
      (abort) =>
        theirs({
          retry: (_error, _context, callback) => {
            setImmediate(abort);
            return setTimeout(() => callback(null), 60_000) as never;
          },
        }),
    ],
    ['here', (abort) => ours({ ...LONG, hooks: { onRetry: () => void setImmediate(abort) } })],
  ])('ends it at once, with its reason: %s', async (_where, retrying) => {
    const controller = new AbortController();
    const answers: Answer[] = [503];
    const dispatcher = retrying(() => controller.abort(new Error('enough')));
    expect(await ending(answers, dispatcher, { signal: controller.signal })).toBe('enough after 1');
  });
});

describe.runIf(isCompared)('close and destroy', () => {
  test('close during a wait: the retry fails there; here it is sent at once, for the last time', async () => {
    const closeThen = async (callback: RetryHandler.OnRetryCallback): Promise<void> => {
      await old.close();
      callback(null);
    };
    const old: Dispatcher = theirs({
      retry: (error, _context, callback) => {
        if (codeOf(error) === 'UND_ERR_REQ_RETRY') void closeThen(callback);
        else callback(error);
      },
    });
    expect(await ending([503, 200], old)).toBe('UND_ERR_DESTROYED after 1');
    const own = ours({ ...LONG, hooks: { onRetry: () => void setImmediate(() => void own.close()) } });
    expect(await ending([503, 200], own)).toBe('200 later after 2');
  });

  test('the error of destroy is lost there, and what requests end with here', async () => {
    for (const [dispatcher, expected] of [
      [theirs(), 'UND_ERR_DESTROYED'],
      [ours(), 'enough'],
    ] as const) {
      await using server = await serverOf(['silence']);
      const end = request(server.url, { dispatcher }).catch(codeOf);
      await server.received(1);
      await dispatcher.destroy(new Error('enough'));
      expect(await end).toBe(expected);
    }
  });

  test('the callback of close is lost there, and called here', async () => {
    const [there, here] = [vi.fn<() => void>(), vi.fn<() => void>()];
    await (theirs().close(there) as unknown as Promise<void>);
    await new Promise<void>((resolve) => {
      ours().close(() => {
        here();
        resolve();
      });
    });
    expect([there.mock.calls.length, here.mock.calls.length]).toEqual([0, 1]);
  });
});

test.runIf(isCompared)(
  'an error says how often its request was sent: here, and there only some',
  async () => {
    await using server = await serverOf(['reset']);
    const dispatcher = ours();
    const failure = (await request(server.url, { dispatcher }).catch((error: unknown) => error)) as Error;
    expect(getRetryStatistics(failure)?.attempts.map(({ failureClass }) => failureClass)).toEqual([
      'transport',
      'transport',
      'transport',
    ]);
    await dispatcher.close();
    const old = theirs();
    await using other = await serverOf(['reset']);
    const bare = (await request(other.url, { dispatcher: old }).catch((error: unknown) => error)) as Error;
    expect(bare).not.toHaveProperty('data');
    await old.close();
  },
);

test.runIf(isCompared && Number.parseInt(process.versions.node, 10) < 26)(
  'the built-in fetch of Node 22 and 24 never ends with a RetryAgent of undici 8, and is retried here',
  async () => {
    const settled = vi.fn<(response: Response) => void>();
    const init = (dispatcher: Dispatcher): RequestInit => ({ dispatcher }) as unknown as RequestInit;
    await using other = await serverOf([200]);
    const old = theirs();
    void fetch(other.url, init(old)).then(settled);
    await other.received(1);
    await old.close();
    expect(settled).not.toHaveBeenCalled();
    await using server = await serverOf([503, 200]);
    const own = ours();
    const response = await fetch(server.url, init(own));
    expect([response.status, await response.text()]).toEqual([200, 'later']);
    await own.close();
  },
);
