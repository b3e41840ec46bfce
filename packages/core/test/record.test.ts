import { describe, expect, it } from 'vitest';

import { redact } from '../src/record.ts';

describe('a text in statistics holds no secret', () => {
  it.each([
    ['a query', 'GET https://a.example/x?token=1 failed', 'GET https://a.example/x failed'],
    ['a query without a value', 'GET https://a.example/x?secret failed', 'GET https://a.example/x failed'],
    ['a query at the end', 'https://a.example/x?token=1&more=2', 'https://a.example/x'],
    ['a query with brackets', 'https://a.example/?filter[name]=secret end', 'https://a.example/ end'],
    ['a query with parentheses', 'https://a.example/?a=(1)&token=secret end', 'https://a.example/ end'],
    [
      'a query in quotes',
      'request to "https://a.example/?t=1" failed',
      'request to "https://a.example/" failed',
    ],
    ['a query in parentheses', 'failed (https://a.example/?t=1)', 'failed (https://a.example/)'],
    ['a query before a colon', 'https://a.example/?t=1: refused', 'https://a.example/: refused'],
    ['the query of a path', 'cannot open /orders?token=1', 'cannot open /orders'],
    ['a user and a password', 'https://me:secret@a.example/x', 'https://a.example/x'],
    ['a user alone', 'https://token@a.example/x', 'https://a.example/x'],
    ['a password with an at sign', 'https://me:se@cret@a.example/x', 'https://a.example/x'],
    ['a password with a slash', 'no URL: https://me:sec/ret@a.example/x', 'no URL: https://a.example/x'],
    ['the query of a path without a value', 'no URL: /x?secret', 'no URL: /x'],
    ['any scheme', 'postgres://me:secret@db.example:5432/x', 'postgres://db.example:5432/x'],
    ['several URLs', 'http://a:b@x/?k=1 then http://c:d@y/?k=2', 'http://x/ then http://y/'],
    [
      'a header value that Node quotes',
      'Headers.append: "Bearer secret\n" is an invalid header value.',
      'invalid header value',
    ],
    ['a header value that a client quotes', 'Invalid HTTP header value: secret', 'invalid header value'],
    ['credentials', 'refused, Authorization: Bearer secret', 'refused, Authorization: …'],
    ['credentials of a proxy', 'proxy-authorization=Basic secret\nrefused', 'proxy-authorization=…\nrefused'],
    ['headers as JSON', '{"authorization": "secret", "a": 1}', '{"authorization": …'],
    ['cookies', 'sent Cookie: a=secret; b=secret', 'sent Cookie: …'],
    ['cookies by their plural', 'sent cookies: a=secret', 'sent cookies: …'],
    ['headers as JSON within JSON', '"{\\"authorization\\":\\"secret\\"}"', '"{\\"authorization\\":…'],
    ['headers as a list', "[ 'authorization', 'Bearer secret' ]", "[ 'authorization', …"],
    ['values as lines', '"authorization": [\n  "secret"\n]', '"authorization": [\n  …\n]'],
    ['a cookie that is set', 'set-cookie : a=secret', 'set-cookie : …'],
  ])('%s', (_, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it.each([
    ['a question', 'Is it there? No.'],
    ['an at sign in a path', 'https://a.example/@user/x'],
    ['an at sign behind a port', 'https://a.example:8443/@user/x'],
    ['an address', 'write to me@a.example'],
    ['a plain message', 'connect ECONNREFUSED 127.0.0.1:80'],
    ['a header without its value', 'Invalid character in header content ["Authorization"]'],
    ['a word', 'Authorization failed: the cookie is too old'],
  ])('%s stays as it is', (_, text) => {
    expect(redact(text)).toBe(text);
  });
});

describe('a URL that no parser takes', () => {
  it.each([
    ['Failed to parse URL from http://a b/?secret', 'Failed to parse URL from http://a b/…'],
    ['Failed to parse URL from http://[a/?q=one secret', 'Failed to parse URL from http://[a/…'],
    ['Failed to parse URL from /x?q=a b&token=secret\nc', 'Failed to parse URL from /x…'],
    ['Failed to parse URL from a?secret', 'Failed to parse URL from a…'],
    ['Failed to parse URL from a#secret', 'Failed to parse URL from a…'],
    ["Invalid URL: 'http://a b/?q=one secret'", "Invalid URL: 'http://a b/…"],
    ['Invalid URL: http://me:se cret@a/', 'Invalid URL: http://a/'],
    ['Invalid URL: http://me:se?cret@a b/?secret', 'Invalid URL: http://a b/…'],
    ['Referrer "http://a b?q=one secret" is not a valid URL.', 'Referrer "http://a b…'],
    [
      'URL that includes credentials: http://me:se cret@a/?q=one secret',
      'URL that includes credentials: http://a/…',
    ],
  ])('%s is told without what may be its secrets', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it.each(['Invalid URL', 'Failed to parse URL from /users', 'Invalid URL: http://a b/c'])(
    '%s stays as it is',
    (text) => {
      expect(redact(text)).toBe(text);
    },
  );
});

describe('a long text', () => {
  it('is cut to 500 characters', () => {
    expect(redact(`${'x'.repeat(499)} and more`)).toBe(`${'x'.repeat(499)} …`);
    expect(redact('x'.repeat(500))).toBe('x'.repeat(500));
  });

  it.each([
    ['credentials', 'https://me:secret@a.example/', 15],
    ['a query', 'https://a.example/?secret=secret', 25],
    ['the query of a path', '/x?secret=secret', 8],
  ])('is not cut so that %s stay', (_, url, kept) => {
    const text = `${' '.repeat(500 - kept)}${url}`;
    expect(redact(text)).not.toMatch(/se|me/);
  });

  it('that is hostile is read to its end', () => {
    for (const piece of ['a', '?', '=', '?=', '://', 'a://', '@', ')', 'cookie', 'cookie ', ' ']) {
      expect(redact(piece.repeat(1_000_000)).length).toBeLessThanOrEqual(501);
    }
  });
});
