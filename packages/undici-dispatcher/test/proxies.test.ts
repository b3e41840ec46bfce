// Proxies: a tunnel that does not open, and what a proxy answers itself.
import type { RetryOptions } from '@tenax/core';
import { EnvHttpProxyAgent, ProxyAgent, request } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { retryInterceptor } from '../src/index.ts';
import { proxyServer } from './servers/proxy-server.ts';
import {
  AT_ONCE,
  classesOf,
  failureOf,
  onUndici8,
  owned,
  retryDispatcher,
  statisticsOf,
} from './servers/retrying-agents.ts';
import type { OwnDispatcher } from './servers/retrying-agents.ts';

const composed = (agent: Dispatcher, options: RetryOptions = {}): OwnDispatcher =>
  owned(agent.compose(retryInterceptor({ ...AT_ONCE, ...options })), agent);
const tunnelling = (uri: string): Dispatcher => new ProxyAgent({ uri, proxyTunnel: true });

const FORMS: [string, (uri: string) => OwnDispatcher][] = [
  ['a ProxyAgent with the interceptor', (uri) => composed(tunnelling(uri))],
  ['a RetryDispatcher around a ProxyAgent', (uri) => retryDispatcher({}, tunnelling(uri))],
  [
    'an EnvHttpProxyAgent with the interceptor',
    (uri) => composed(new EnvHttpProxyAgent({ httpProxy: uri, noProxy: '', proxyTunnel: true })),
  ],
];

describe.each(FORMS)('EDGE 49: through %s', (_, open) => {
  it('a tunnel that is refused with 502 is tried again, for a POST too', async () => {
    await using server = await flakyServer(ok);
    await using proxy = await proxyServer(502, 503, 200);
    await using own = open(proxy.url);
    const { body, context } = await request(server.url, { ...own, method: 'POST', body: 'sent once' });
    expect([await body.text(), server.requests.length]).toEqual(['sent once', 1]);
    expect(classesOf(context)).toEqual(['connection', 'connection', undefined]);
    expect(proxy.asked).toEqual(Array(3).fill(`CONNECT ${new URL(server.url).host}`));
  });

  it.each([407, 403])('a tunnel that is refused with %i is not tried again', async (status) => {
    await using proxy = await proxyServer(status);
    await using own = open(proxy.url);
    const error = await failureOf(request('http://127.0.0.1:9/', own));
    expect(error.message).toBe(`Proxy response (${status}) !== 200 when HTTP Tunneling`);
    expect([statisticsOf(error).reason, proxy.asked.length]).toEqual(['permanent_failure', 1]);
  });

  it('the error of undici comes out when attempts run out', async () => {
    await using proxy = await proxyServer(502);
    await using own = open(proxy.url);
    const error = await failureOf(request('http://127.0.0.1:9/', own));
    expect(error).toMatchObject({ code: 'UND_ERR_ABORTED', message: expect.stringContaining('(502)') });
    expect([statisticsOf(error).result, proxy.asked.length]).toEqual(['retry_exhausted', 3]);
  });

  it('a 503 of the origin is retried', async () => {
    await using server = await flakyServer(unavailable, unavailable, ok);
    await using proxy = await proxyServer(200);
    await using own = open(proxy.url);
    const { body, context } = await request(server.url, own);
    expect([await body.text(), classesOf(context)]).toEqual(['ok', ['transient', 'transient', undefined]]);
  });

  it('a proxy that nobody runs is of class connection', async () => {
    const proxy = await proxyServer();
    await proxy[Symbol.asyncDispose]();
    await using own = open(proxy.url);
    const error = await failureOf(request('http://127.0.0.1:9/', { ...own, method: 'POST', body: 'x' }));
    expect([error.code, classesOf(error)]).toEqual(['ECONNREFUSED', Array(3).fill('connection')]);
  });

  it('the abort of the caller is one, though undici names refused tunnels the same', async () => {
    await using server = await flakyServer(unavailable);
    await using proxy = await proxyServer(200);
    await using own = open(proxy.url);
    const reason = new Error('enough');
    const controller = new AbortController();
    const onRetry = (): void => {
      controller.abort(reason);
    };
    const options = { ...own, signal: controller.signal, retry: { hooks: { onRetry } } };
    await expect(request(server.url, options)).rejects.toBe(reason);
    expect(server.requests).toHaveLength(1);
  });
});

// undici 7 tunnels plain requests too.
describe.runIf(onUndici8)('through a proxy without a tunnel', () => {
  it('its own 502 is a response, retried by the rules of the method', async () => {
    await using server = await flakyServer(ok);
    await using proxy = await proxyServer(502, 502, 200);
    await using own = composed(new ProxyAgent(proxy.url));
    const { body, context } = await request(server.url, own);
    expect([await body.text(), classesOf(context)]).toEqual(['ok', ['transient', 'transient', undefined]]);
    await using refusing = await proxyServer(502);
    await using other = composed(new ProxyAgent(refusing.url));
    const refused = await request(server.url, { ...other, method: 'POST', body: 'once' });
    expect([refused.statusCode, await refused.body.text()]).toEqual([502, 'the proxy says no']);
    expect(refusing.asked).toEqual([`POST ${server.url}`]);
  });

  it('its 407 is an error of undici that no retry can mend', async () => {
    await using proxy = await proxyServer(407);
    await using own = composed(new ProxyAgent(proxy.url));
    const error = await failureOf(request('http://127.0.0.1:9/', own));
    expect([error.message, classesOf(error)]).toEqual(['Proxy Authentication Required (407)', ['permanent']]);
    expect(proxy.asked).toHaveLength(1);
  });
});
