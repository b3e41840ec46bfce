import { describe, expect, it, vi } from 'vitest';

import { RetryConfigError } from '../../src/errors.ts';
import type { EndEvent } from '../../src/events.ts';
import type { RetryOptions } from '../../src/options.ts';
import { throwing } from '../faulty-callbacks.ts';
import { FakeExchange } from '../fake-exchange.ts';
import { rejectionOf, virtualEngine } from '../virtual-engine.ts';

const QUOTED_UUID = /^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$/;

async function send(options: RetryOptions, exchange: FakeExchange): Promise<FakeExchange> {
  const { clock, engine } = virtualEngine(options);
  await clock.run(engine.run(exchange).catch(() => undefined));
  return exchange;
}
const keysOf = ({ sentHeaders }: FakeExchange) => sentHeaders.map((headers) => headers['idempotency-key']);
const post = { call: { method: 'POST' } };

describe('an idempotency key', () => {
  it('is a quoted UUID, the same on every attempt', async () => {
    const keys = keysOf(await send({ idempotencyKey: true }, new FakeExchange([503, 503, 201], post)));
    expect(keys).toHaveLength(3);
    expect(keys[0]).toMatch(QUOTED_UUID);
    expect(new Set(keys).size).toBe(1);
  });

  it('is another one for another operation', async () => {
    const first = await send({ idempotencyKey: true }, new FakeExchange([201], post));
    const second = await send({ idempotencyKey: true }, new FakeExchange([201], post));
    expect(keysOf(first)[0]).not.toBe(keysOf(second)[0]);
  });

  it('makes POST and PATCH retryable, and a 409 too', async () => {
    for (const method of ['POST', 'patch']) {
      const exchange = await send(
        { idempotencyKey: true },
        new FakeExchange([503, 409, 201], { call: { method } }),
      );
      expect(exchange.attempts).toHaveLength(3);
    }
    expect((await send({}, new FakeExchange([503], post))).attempts).toHaveLength(1);
  });

  it('is not sent with methods that need none, nor for what is no request', async () => {
    for (const method of ['GET', 'put', undefined]) {
      const exchange = await send({ idempotencyKey: true }, new FakeExchange([200], { call: { method } }));
      expect(exchange.sentHeaders).toEqual([{}]);
    }
  });

  it("of the caller's own lets a 409 be retried for every method: the request is still in progress", async () => {
    for (const method of ['PUT', 'delete', 'POST']) {
      const given = { call: { method }, hasIdempotencyKey: true };
      expect((await send({}, new FakeExchange([503, 409, 201], given))).attempts).toHaveLength(3);
      expect((await send({}, new FakeExchange([409, 201], given))).attempts).toHaveLength(2);
    }
    const put = new FakeExchange([409, 201], { call: { method: 'PUT' } });
    expect((await send({}, put)).attempts).toHaveLength(1);
  });

  it("of the caller's own makes a 422 permanent for every method", async () => {
    const put = new FakeExchange([422, 201], { call: { method: 'PUT' }, hasIdempotencyKey: true });
    expect((await send({ statusCodes: [422] }, put)).attempts).toHaveLength(1);
  });

  it("gives way to the caller's own, which makes the request retryable in the same way", async () => {
    const exchange = new FakeExchange([503, 201], { ...post, hasIdempotencyKey: true });
    await send({ idempotencyKey: true }, exchange);
    expect(exchange.sentHeaders).toEqual([{}, {}]);
  });

  it('may come from a function of the request, called once', async () => {
    const idempotencyKey = vi.fn<() => string>(() => 'order-7');
    const exchange = await send({ idempotencyKey }, new FakeExchange([503, 201], post));
    expect(keysOf(exchange)).toEqual(['order-7', 'order-7']);
    expect(idempotencyKey).toHaveBeenCalledExactlyOnceWith({
      method: 'POST',
      url: 'https://a.example/path?secret=1',
      hasIdempotencyKey: false,
    });
  });

  it.each<[string, unknown]>([
    ['undefined', () => undefined],
    ['an empty string', () => ''],
    ['a line break', () => 'a\nb'],
    ['a number', () => 7],
    ['a promise', () => Promise.resolve('key')],
    [
      'an error',
      () => {
        throw new Error('no key');
      },
    ],
  ])('EDGE 10: that is %s is refused before anything is sent', async (_what, idempotencyKey) => {
    const { engine } = virtualEngine({ idempotencyKey } as RetryOptions);
    const exchange = new FakeExchange([201], post);
    const error = await rejectionOf(engine.run(exchange));
    expect(error).toBeInstanceOf(RetryConfigError);
    expect(error).toMatchObject({ path: 'idempotencyKey' });
    expect(exchange.attempts).toHaveLength(0);
  });
});

describe('attemptHeaders', () => {
  it("tell the server the attempt's number", async () => {
    const exchange = await send({ attemptHeaders: true }, new FakeExchange([503, 503, 200]));
    expect(exchange.sentHeaders).toEqual([1, 2, 3].map((number) => ({ 'x-retry-attempt': String(number) })));
  });

  it('and the whole ms that remain, where there is a timeout', async () => {
    const options = { attemptHeaders: true, timeout: 1000.5 };
    const exchange = await send(options, new FakeExchange([503, 200]));
    expect(exchange.sentHeaders).toEqual([
      { 'x-retry-attempt': '1', 'x-retry-remaining-ms': '1000' },
      { 'x-retry-attempt': '2', 'x-retry-remaining-ms': '900' },
    ]);
  });

  it('are off by default, and no headers exist then', async () => {
    const exchange = await send({}, new FakeExchange([503, 200]));
    expect(exchange.attempts.map(({ headers }) => headers)).toEqual([undefined, undefined]);
  });
});

describe('a key of the policy', () => {
  it('is asked with the request, and named in the statistics', async () => {
    const key = vi.fn<() => string>(() => 'tenant');
    const onSuccess = vi.fn<(event: EndEvent) => void>();
    await send({ key, hooks: { onSuccess } }, new FakeExchange([200]));
    expect(key).toHaveBeenCalledExactlyOnceWith({
      method: 'GET',
      url: 'https://a.example/path?secret=1',
      hasIdempotencyKey: false,
    });
    expect(onSuccess.mock.calls[0]?.[0]).toMatchObject({ key: 'tenant', statistics: { key: 'tenant' } });
  });

  it('EDGE 10: that throws is reported once, and the origin is used', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const onSuccess = vi.fn<(event: EndEvent) => void>();
    const options = { key: () => throwing(), hooks: { onSuccess } };
    await send(options, new FakeExchange([200]));
    await send(options, new FakeExchange([200]));
    expect(onSuccess.mock.calls[1]?.[0].key).toBe('https://a.example');
    expect(emitWarning).toHaveBeenCalledTimes(1);
    emitWarning.mockRestore();
  });
});
