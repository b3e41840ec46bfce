import { describe, expect, it } from 'vitest';

import { classifyHttp, createRetryEngine } from '../../src/index.ts';
import type { Classification, FailureClass, Outcome } from '../../src/index.ts';

const { policy } = createRetryEngine();
const coded = (code: string, message = '', more: object = {}): Error =>
  Object.assign(new Error(message), { code, ...more });
const classify = (outcome: Outcome, method = 'GET'): Classification =>
  classifyHttp(outcome, { method }, policy);
const REFUSED = 'Stream closed with error code NGHTTP2_REFUSED_STREAM';
const GOAWAY = 'HTTP/2: "GOAWAY" frame received with code';
const tunnel = (status: number): string => `Proxy response (${status}) !== 200 when HTTP Tunneling`;

describe('the errors of undici', () => {
  it.each<[string, Error, FailureClass]>([
    ['the other side closed', coded('UND_ERR_SOCKET', 'other side closed'), 'transport'],
    ['a stream that was refused', coded('ERR_HTTP2_STREAM_ERROR', REFUSED), 'connection'],
    ['a request above a GOAWAY', coded('UND_ERR_INFO', `${GOAWAY} 0`), 'connection'],
    ['a GOAWAY for an error', coded('UND_ERR_INFO', `${GOAWAY} 2`), 'transport'],
    ['a GOAWAY that says not which', coded('UND_ERR_SOCKET', `${GOAWAY} 0`), 'transport'],
    ['no connection in time', coded('UND_ERR_CONNECT_TIMEOUT'), 'connection'],
    ['no headers in time', coded('UND_ERR_HEADERS_TIMEOUT'), 'timeout'],
    ['no body in time', coded('UND_ERR_BODY_TIMEOUT'), 'timeout'],
    ['an answer that is no HTTP', Object.assign(new Error('bad'), { name: 'HTTPParserError' }), 'transport'],
    ['a tunnel that failed', coded('UND_ERR_ABORTED', tunnel(502)), 'connection'],
    ['a tunnel that was throttled', coded('UND_ERR_ABORTED', tunnel(429)), 'connection'],
    ['a tunnel that was forbidden', coded('UND_ERR_ABORTED', tunnel(407)), 'permanent'],
    ['an abort', coded('UND_ERR_ABORTED', 'Request aborted'), 'aborted'],
    ['a client that is closed', coded('UND_ERR_CLOSED'), 'permanent'],
    ['a client that is destroyed', coded('UND_ERR_DESTROYED'), 'permanent'],
    ['no mock for it', coded('UND_MOCK_ERR_MOCK_NOT_MATCHED'), 'permanent'],
    [
      'a status by the interceptor for errors',
      coded('UND_ERR_RESPONSE', '', { statusCode: 503 }),
      'transient',
    ],
    ['retries within that gave up', coded('UND_ERR_REQ_RETRY', '', { statusCode: 503 }), 'permanent'],
  ])('%s', (_, error, failureClass) => {
    expect(classify({ kind: 'error', error }).failureClass).toBe(failureClass);
  });
});

describe('an error of the source of a body', () => {
  const bodyError = coded('ECONNRESET');

  it('is no fault of the destination, whatever its code says', () => {
    for (const error of [bodyError, new TypeError('fetch failed', { cause: bodyError })]) {
      expect(classify({ kind: 'error', error, bodyError })).toMatchObject({
        failureClass: 'permanent',
        retryable: false,
      });
    }
  });

  it('leaves other errors what they are, and an abort an abort', () => {
    expect(classify({ kind: 'error', error: coded('ECONNREFUSED'), bodyError }).failureClass).toBe(
      'connection',
    );
    const error = coded('UND_ERR_ABORTED');
    expect(classify({ kind: 'error', error, bodyError: error }).failureClass).toBe('aborted');
  });
});

describe('an error that throws when it is looked at', () => {
  it('is that of a body as little as of anything else', () => {
    const error = Object.defineProperty(new Error('closed'), 'cause', {
      get: () => {
        throw new Error('nobody looks at it');
      },
    });
    const { failureClass } = classify({ kind: 'error', error });
    expect(classify({ kind: 'error', error, bodyError: new Error('gone') }).failureClass).toBe(failureClass);
  });
});

describe('an error of a request that was never sent', () => {
  it.each<[string, Error, FailureClass]>([
    ['a reset', coded('ECONNRESET'), 'connection'],
    ['a timeout', coded('UND_ERR_HEADERS_TIMEOUT'), 'connection'],
    ['one that says nothing', new Error('lost'), 'connection'],
    ['a certificate', coded('CERT_HAS_EXPIRED'), 'permanent'],
    ['an abort', coded('UND_ERR_ABORTED'), 'aborted'],
  ])('%s, for a POST: %#', (_, error, failureClass) => {
    const { failureClass: found, retryable } = classify({ kind: 'error', error, unsent: true }, 'POST');
    expect({ found, retryable }).toEqual({ found: failureClass, retryable: failureClass === 'connection' });
  });

  it.each<[string, FailureClass]>([
    ['ECONNREFUSED', 'transport'],
    ['ECONNRESET', 'timeout'],
    ['MINE', 'transport'],
  ])('%s, which the user calls %s, is that', (code, failureClass) => {
    const own = createRetryEngine({ errorCodes: { [code]: failureClass } }).policy;
    const outcome: Outcome = { kind: 'error', error: coded(code), unsent: true };
    expect(classifyHttp(outcome, { method: 'POST' }, own)).toMatchObject({ failureClass, retryable: false });
  });

  it('a reset of one that may have been sent is no reason to send a POST again', () => {
    expect(classify({ kind: 'error', error: coded('ECONNRESET') }, 'POST')).toMatchObject({
      failureClass: 'transport',
      retryable: false,
    });
  });
});

describe('a body that was damaged on its way', () => {
  it.each(['Z_DATA_ERROR', 'Z_BUF_ERROR', 'ERR__ERROR_FORMAT_PADDING_1', 'ZSTD_error_corruption_detected'])(
    '%s, though the status was good',
    (code) => {
      const error = coded(code, '', { response: { status: 200, headers: {} } });
      expect(classify({ kind: 'error', error }).failureClass).toBe('transport');
    },
  );
});
