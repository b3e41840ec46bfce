import { describe, expect, it } from 'vitest';

import { originOf } from '../src/request.ts';

describe('the key of a request is the origin of its URL', () => {
  it.each([
    ['https://api.example.com/v1', 'https://api.example.com'],
    ['https://api.example.com:443/', 'https://api.example.com'],
    ['https://api.example.com:8443/', 'https://api.example.com:8443'],
    ['http://API.example.com', 'http://api.example.com'],
    ['http://[::1]:80/', 'http://[::1]'],
  ])('%s: %s', (url, origin) => {
    expect(originOf(url)).toBe(origin);
  });

  it.each([
    [
      'another path',
      'https://api.example.com/v1',
      'https://api.example.com/v2?x=1',
      'https://api.example.com',
    ],
    [
      'a longer host',
      'https://api.example.com',
      'https://api.example.com.evil.example/',
      'https://api.example.com.evil.example',
    ],
    [
      'another port',
      'https://api.example.com/',
      'https://api.example.com:8443/',
      'https://api.example.com:8443',
    ],
    [
      'credentials',
      'https://api.example.com/',
      'https://api.example.com:pw@evil.example/',
      'https://evil.example',
    ],
    [
      'a backslash',
      'https://api.example.com/',
      String.raw`https://api.example.com\@evil.example/`,
      'https://api.example.com',
    ],
    ['a host behind three slashes', 'https:///a.example/', 'https:///b.example/', 'https://b.example'],
    [
      'a query at once',
      'https://api.example.com/',
      'https://api.example.com?x=https://evil.example',
      'https://api.example.com',
    ],
  ])('is not mixed up with that of the request before: %s', (_, before, url, origin) => {
    originOf(before);
    expect(originOf(url)).toBe(origin);
    expect(originOf(url)).toBe(origin);
  });

  it('holds no credentials and no query', () => {
    expect(originOf('https://user:secret@api.example.com/v1?token=x#y')).toBe('https://api.example.com');
  });

  it.each([
    ['no URL', undefined],
    ['an empty string', ''],
    ['a path', '/orders'],
    ['data:', 'data:text/plain,x'],
    ['file:', 'file:///etc/hosts'],
    ['a scheme of its own', 'app://here'],
  ])('is empty where there is no origin: %s', (_, url) => {
    expect(originOf(url)).toBe('');
  });
});
