import { afterEach, describe, expect, it, vi } from 'vitest';

import { RetryConfigError } from '../../src/errors.ts';
import { makeIdempotencyKey } from '../../src/http/idempotency-key.ts';
import { resolvePolicy } from '../../src/policy.ts';

const post = { method: 'POST', url: 'https://api.example.com/orders' };
const QUOTED_UUID = /^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$/;

afterEach(() => void vi.unstubAllGlobals());

describe('which requests get an idempotency key', () => {
  const policy = resolvePolicy({ idempotencyKey: true });

  it.each(['POST', 'PATCH', 'PROPPATCH'])('%s does', (method) => {
    expect(makeIdempotencyKey({ method }, policy)).toMatch(QUOTED_UUID);
  });

  it.each(['GET', 'HEAD', 'PUT', 'DELETE'])('%s does not: it is idempotent by itself', (method) => {
    expect(makeIdempotencyKey({ method }, policy)).toBeUndefined();
  });

  it('a POST that `methods` names does: it is asked for, and no idempotent method by itself', () => {
    const own = resolvePolicy({ idempotencyKey: true, methods: ['GET', 'POST'] });
    expect(makeIdempotencyKey(post, own)).toMatch(QUOTED_UUID);
    expect(makeIdempotencyKey({ method: 'GET' }, own)).toBeUndefined();
  });

  it('a PUT does that `methods` does not name: it is retried by its key alone', () => {
    const own = resolvePolicy({ idempotencyKey: true, methods: ['GET'] });
    expect(makeIdempotencyKey({ method: 'PUT' }, own)).toMatch(QUOTED_UUID);
  });

  it("a request with the caller's own key does not", () => {
    expect(makeIdempotencyKey({ ...post, hasIdempotencyKey: true }, policy)).toBeUndefined();
  });

  it('an operation without a method does not', () => {
    expect(makeIdempotencyKey({}, policy)).toBeUndefined();
  });

  it('none does by default', () => {
    expect(makeIdempotencyKey(post, resolvePolicy({}))).toBeUndefined();
  });
});

describe('a key that is made', () => {
  const policy = resolvePolicy({ idempotencyKey: true });

  it('is another one for every request', () => {
    const keys = new Set(Array.from({ length: 100 }, () => makeIdempotencyKey(post, policy)));
    expect(keys.size).toBe(100);
  });

  it('is a UUID too where the platform has no randomUUID', () => {
    const { crypto } = globalThis;
    vi.stubGlobal('crypto', {
      getRandomValues: (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes),
    });
    const keys = Array.from({ length: 100 }, () => makeIdempotencyKey(post, policy));
    for (const key of keys) expect(key).toMatch(QUOTED_UUID);
    expect(new Set(keys).size).toBe(100);
  });
});

describe("the user's own function", () => {
  it('gives the key as it is, and is told the request', () => {
    const idempotencyKey = vi.fn<() => string>(() => 'order-42');
    expect(makeIdempotencyKey(post, resolvePolicy({ idempotencyKey }))).toBe('order-42');
    expect(idempotencyKey).toHaveBeenCalledExactlyOnceWith(post);
  });

  it.each([
    ['undefined', undefined, 'undefined'],
    ['a number', 42, '42'],
    ['an empty string', '', '""'],
    ['a line break', 'a\r\nb', String.raw`"a\r\nb"`],
    ['a letter beyond ASCII', 'schlüssel', '"schlüssel"'],
  ])('EDGE 10: %s is refused: the request is not sent without its key', (_, key, given) => {
    const policy = resolvePolicy({ idempotencyKey: () => key });
    expect(() => makeIdempotencyKey(post, policy)).toThrow(
      `idempotencyKey: given ${given}, accepted: a function that returns a string of visible ASCII characters`,
    );
  });

  it('EDGE 10: one that throws is refused, with the error as its cause', () => {
    const cause = new Error('no key');
    const policy = resolvePolicy({
      idempotencyKey: () => {
        throw cause;
      },
    });
    expect(() => makeIdempotencyKey(post, policy)).toThrow(
      expect.objectContaining({ name: 'RetryConfigError', path: 'idempotencyKey', cause }),
    );
  });

  it('EDGE 10: one that returns a rejected promise is refused, and nothing is unhandled', async () => {
    const rejections: unknown[] = [];
    const record = (reason: unknown): void => void rejections.push(reason);
    process.on('unhandledRejection', record);
    const policy = resolvePolicy({ idempotencyKey: () => Promise.reject(new Error('late')) });
    expect(() => makeIdempotencyKey(post, policy)).toThrow(RetryConfigError);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', record);
    expect(rejections).toEqual([]);
  });
});
