// EDGE 45: with undici's MockAgent, each attempt is an interceptor that was used.
import type { RetryOptions } from '@tenax/core';
import { fetch, MockAgent, request } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import { RetryDispatcher, retryInterceptor } from '../src/index.ts';
import { AT_ONCE, classesOf, failureOf, statisticsOf } from './servers/retrying-agents.ts';

const ORIGIN = 'http://own.example';

const FORMS: [string, (mock: MockAgent, options?: RetryOptions) => Dispatcher][] = [
  ['the interceptor', (mock, options) => mock.compose(retryInterceptor({ ...AT_ONCE, ...options }))],
  ['a RetryDispatcher', (mock, options) => new RetryDispatcher(mock, { ...AT_ONCE, ...options })],
];

describe.each(FORMS)('EDGE 45: MockAgent in %s', (_, around) => {
  const mocked = (options?: RetryOptions) => {
    const mock = new MockAgent();
    mock.disableNetConnect();
    const dispatcher = around(mock, options);
    return { dispatcher, mock, pool: mock.get(ORIGIN), [Symbol.asyncDispose]: () => mock.close() };
  };

  it('times(n) counts attempts, and none is left', async () => {
    await using own = mocked();
    own.pool.intercept({ path: '/' }).reply(503, 'later').times(2);
    own.pool.intercept({ path: '/' }).reply(200, 'ok');
    const { body, context } = await request(ORIGIN, own);
    expect([await body.text(), classesOf(context)]).toEqual(['ok', ['transient', 'transient', undefined]]);
    own.mock.assertNoPendingInterceptors();
    expect(own.mock.pendingInterceptors()).toEqual([]);
  });

  it('an interceptor that no attempt has used is pending', async () => {
    await using own = mocked();
    own.pool.intercept({ path: '/' }).reply(503, 'later').times(4);
    const { body, statusCode } = await request(ORIGIN, own);
    expect([statusCode, await body.text()]).toEqual([503, 'later']);
    expect(own.mock.pendingInterceptors()).toMatchObject([{ path: '/', timesInvoked: 3, pending: true }]);
    expect(() => own.mock.assertNoPendingInterceptors()).toThrow(/1 interceptor is pending/u);
  });

  it('replyWithError is an attempt that failed', async () => {
    await using own = mocked();
    const broken = Object.assign(new Error('broken'), { code: 'ECONNRESET' });
    own.pool.intercept({ path: '/' }).replyWithError(broken).times(2);
    own.pool.intercept({ path: '/' }).reply(200, 'ok');
    const { body, context } = await request(ORIGIN, own);
    expect([await body.text(), classesOf(context)]).toEqual(['ok', ['transport', 'transport', undefined]]);
    own.mock.assertNoPendingInterceptors();
  });

  it('replyWithError to the end is that very error', async () => {
    await using own = mocked();
    const broken = Object.assign(new Error('broken'), { code: 'ECONNRESET' });
    own.pool.intercept({ path: '/' }).replyWithError(broken).times(3);
    expect(await failureOf(request(ORIGIN, own))).toBe(broken);
    own.mock.assertNoPendingInterceptors();
  });

  it('replyWithError to a POST follows the rules of its code', async () => {
    await using own = mocked();
    const answering = (code: string): void => {
      const error = Object.assign(new Error('broken'), { code });
      own.pool.intercept({ path: '/', method: 'POST' }).replyWithError(error);
    };
    const options = { ...own, method: 'POST', body: 'x' } as const;
    answering('ECONNRESET');
    const error = await failureOf(request(ORIGIN, options));
    expect([classesOf(error), statisticsOf(error).reason]).toEqual([['transport'], 'method_not_idempotent']);
    answering('ECONNREFUSED');
    own.pool.intercept({ path: '/', method: 'POST' }).reply(200, 'ok');
    const { body, context } = await request(ORIGIN, options);
    expect([await body.text(), classesOf(context)]).toEqual(['ok', ['connection', undefined]]);
    own.mock.assertNoPendingInterceptors();
  });

  it('a request that nobody expects is an error, once', async () => {
    await using own = mocked();
    const error = await failureOf(request(`${ORIGIN}/unexpected`, own));
    expect([error.name, classesOf(error)]).toEqual(['MockNotMatchedError', ['permanent']]);
  });

  it('the end of the interceptors before that of the attempts is an error', async () => {
    await using own = mocked();
    own.pool.intercept({ path: '/' }).reply(503, 'later');
    const error = await failureOf(request(ORIGIN, own));
    expect([error.name, classesOf(error)]).toEqual(['MockNotMatchedError', ['transient', 'permanent']]);
  });

  it.each<[string, () => string | Buffer]>([
    ['a string', () => 'the body'],
    ['a Buffer', () => Buffer.from('the body')],
  ])('each attempt is matched with its body, as %s', async (_name, make) => {
    await using own = mocked();
    const expected = { path: '/', method: 'PUT', body: (body: string) => String(body) === 'the body' };
    own.pool.intercept(expected).reply(503, 'later');
    own.pool.intercept(expected).reply(200, 'ok');
    const { body } = await request(ORIGIN, { ...own, method: 'PUT', body: make() });
    expect(await body.text()).toBe('ok');
    own.mock.assertNoPendingInterceptors();
  });

  it('each attempt is matched with its headers', async () => {
    await using own = mocked({ attemptHeaders: true });
    const attempt = (number: string) => ({
      path: '/',
      headers: { 'x-retry-attempt': number, accept: 'text/plain' },
    });
    own.pool.intercept(attempt('1')).reply(503, 'later');
    own.pool.intercept(attempt('2')).reply(200, 'ok');
    const { body } = await request(ORIGIN, { ...own, headers: { accept: 'text/plain' } });
    expect(await body.text()).toBe('ok');
    own.mock.assertNoPendingInterceptors();
  });

  it('answers that are computed or late are attempts as well', async () => {
    await using own = mocked();
    own.pool.intercept({ path: '/' }).reply(() => ({ statusCode: 503, data: 'later' }));
    own.pool.intercept({ path: '/' }).reply(503, 'later').delay(5);
    own.pool
      .intercept({ path: '/' })
      .reply(200, { fine: true }, { headers: { 'x-own': 'own' }, trailers: { 'x-sum': '1' } });
    const { body, headers, trailers } = await request(ORIGIN, own);
    expect([await body.json(), headers['x-own'], trailers]).toEqual([
      { fine: true },
      'own',
      { 'x-sum': '1' },
    ]);
    own.mock.assertNoPendingInterceptors();
  });

  it('persist() answers every attempt', async () => {
    await using own = mocked();
    own.pool.intercept({ path: '/' }).reply(503, 'later').persist();
    const { context } = await request(ORIGIN, own);
    expect(classesOf(context)).toEqual(['transient', 'transient', 'transient']);
  });

  it('serves undici.fetch', async () => {
    await using own = mocked();
    own.pool.intercept({ path: '/', method: 'PUT' }).reply(503, 'later');
    own.pool.intercept({ path: '/', method: 'PUT' }).reply(200, 'ok');
    const response = await fetch(ORIGIN, { ...own, method: 'PUT', body: 'the body' });
    expect([response.status, await response.text()]).toEqual([200, 'ok']);
    own.mock.assertNoPendingInterceptors();
  });
});

describe('a RetryDispatcher', () => {
  it('says that a mock is active, which is asked of a global dispatcher', async () => {
    const mock = new MockAgent();
    const dispatcher = new RetryDispatcher(mock);
    expect(dispatcher.isMockActive).toBe(true);
    mock.deactivate();
    expect(dispatcher.isMockActive).toBe(false);
    await mock.close();
  });
});
