import { describe, expect, it } from 'vitest';

import { classOfError } from '../../src/http/error-class.ts';
import { ERROR_CODES } from '../../src/http/error-codes.ts';
import { coded } from './outcomes.ts';

const classify = (error: unknown): string => classOfError(error, ERROR_CODES);
const fetchFailed = (cause: unknown): TypeError => new TypeError('fetch failed', { cause });

describe('EDGE 22: what fetch says when the network failed', () => {
  it.each([
    ['Node', new TypeError('fetch failed')],
    ['Node, while a body is read', new TypeError('terminated')],
    ['Chromium', new TypeError('Failed to fetch')],
    ['Chromium, with the host', new TypeError('Failed to fetch (api.example.com)')],
    [
      'Chromium, with a cause that says nothing',
      new TypeError('Failed to fetch', { cause: new Error('why') }),
    ],
    ['Node, with a cause that is no error', fetchFailed({})],
    ['Chromium, while a body is read', new TypeError('network error')],
    ['msw, through node:http', new TypeError('Network error')],
    ['Firefox', new TypeError('NetworkError when attempting to fetch resource.')],
    ['Safari', new TypeError('Load failed')],
    ['Safari, with the host', new TypeError('Load failed (api.example.com)')],
    ['Safari, offline', new TypeError('The Internet connection appears to be offline.')],
    ['Safari, lost', new TypeError('The network connection was lost.')],
    ['React Native', new TypeError('Network request failed')],
    [
      'Deno',
      new TypeError('error sending request for url (http://127.0.0.1:1/): client error (SendRequest)'),
    ],
    ['Deno, while a body is read', new TypeError('error reading a body from connection')],
    ['Deno, reset', new Error('Connection reset by peer (os error 104)')],
    ['workerd', new Error('Network connection lost.')],
  ])('%s: transport', (_, error) => {
    expect(classify(error)).toBe('transport');
  });

  it.each([
    [
      'Deno, refused',
      new TypeError(
        'error sending request for url (http://127.0.0.1:1/): client error (Connect): tcp connect error: Connection refused (os error 111)',
      ),
    ],
    ['Bun, refused', coded('ConnectionRefused')],
    ['Node, refused', fetchFailed(coded('ECONNREFUSED', { syscall: 'connect' }))],
    ['Node, timed out while connecting', fetchFailed(coded('ETIMEDOUT', { syscall: 'connect' }))],
    ['Node, unknown host', fetchFailed(coded('ENOTFOUND', { syscall: 'getaddrinfo' }))],
    ['Node, connect timeout', fetchFailed(coded('UND_ERR_CONNECT_TIMEOUT'))],
  ])('%s: connection', (_, error) => {
    expect(classify(error)).toBe('connection');
  });

  it.each([
    ['Node, reset', fetchFailed(coded('ECONNRESET')), 'transport'],
    ['Node, other side closed', fetchFailed(coded('UND_ERR_SOCKET')), 'transport'],
    ['Node, a code that no table has', fetchFailed(coded('ENETRESET')), 'transport'],
    ['Node, headers timeout', fetchFailed(coded('UND_ERR_HEADERS_TIMEOUT')), 'timeout'],
    ['Bun, closed', coded('ConnectionClosed'), 'transport'],
    ['Bun, no HTTP', coded('Malformed_HTTP_Response', { name: 'TypeError' }), 'transport'],
  ])('%s: %s', (_, error, failureClass) => {
    expect(classify(error)).toBe(failureClass);
  });
});

describe('EDGE 22: what fetch says of a request that was never to be sent is permanent', () => {
  it.each([
    ['Node, a blocked port', fetchFailed(new Error('bad port'))],
    ['Node, an unknown scheme', fetchFailed(new Error('unknown scheme'))],
    ['Node, a redirect that is not allowed', fetchFailed(new Error('unexpected redirect'))],
    [
      'Node, an invalid URL',
      new TypeError('Failed to parse URL from x', { cause: coded('ERR_INVALID_URL') }),
    ],
    ['Node, an invalid header', new TypeError('Headers.append: "a\nb" is an invalid header value.')],
    ['Node, a certificate', fetchFailed(coded('DEPTH_ZERO_SELF_SIGNED_CERT'))],
    ['Node, a TLS name', fetchFailed(coded('ERR_TLS_CERT_ALTNAME_INVALID'))],
    ['Chromium, an invalid URL', new TypeError("Failed to execute 'fetch' on 'Window': Failed to parse URL")],
    ['Firefox, an invalid URL', new TypeError('Window.fetch: x is not a valid URL.')],
    [
      'Deno, a certificate',
      new TypeError(
        'error sending request for url (https://127.0.0.1/): client error (Connect): invalid peer certificate: UnknownIssuer',
      ),
    ],
  ])('%s', (_, error) => {
    expect(classify(error)).toBe('permanent');
  });

  it('a message of the network on another class of error says nothing', () => {
    expect(classify(new Error('fetch failed'))).toBe('transient');
  });

  it('a message that only contains the words is a programming error', () => {
    expect(classify(new TypeError('Cannot read: Failed to fetch'))).toBe('permanent');
  });
});
