import { describe, expect, it } from 'vitest';

import { classOfError } from '../../src/http/error-class.ts';
import { classOfCode, ERROR_CODES } from '../../src/http/error-codes.ts';
import { AttemptTimeoutError, BodyNotReplayableError, RetryConfigError } from '../../src/errors.ts';
import { coded } from './outcomes.ts';

const classify = (error: unknown): string => classOfError(error, ERROR_CODES);

describe('the class of an error code', () => {
  it.each([
    ['ECONNREFUSED', 'connection'],
    ['ENOTFOUND', 'connection'],
    ['EAI_AGAIN', 'connection'],
    ['EHOSTUNREACH', 'connection'],
    ['EHOSTDOWN', 'connection'],
    ['ENETUNREACH', 'connection'],
    ['ENETDOWN', 'connection'],
    ['UND_ERR_CONNECT_TIMEOUT', 'connection'],
    ['ERR_HTTP2_GOAWAY_SESSION', 'connection'],
    ['ConnectionRefused', 'connection'],
    ['FailedToOpenSocket', 'connection'],
    ['ECONNRESET', 'transport'],
    ['EPIPE', 'transport'],
    ['ETIMEDOUT', 'transport'],
    ['ECONNABORTED', 'transport'],
    ['UND_ERR_SOCKET', 'transport'],
    ['ERR_STREAM_PREMATURE_CLOSE', 'transport'],
    ['ERR_NETWORK', 'transport'],
    ['ERR_HTTP2_STREAM_ERROR', 'transport'],
    ['ERR_HTTP2_SESSION_ERROR', 'transport'],
    ['ConnectionClosed', 'transport'],
    ['HPE_INVALID_CONSTANT', 'transport'],
    ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
    ['UND_ERR_BODY_TIMEOUT', 'timeout'],
    ['ESOCKETTIMEDOUT', 'timeout'],
    ['ABORT_ERR', 'aborted'],
    ['UND_ERR_ABORTED', 'aborted'],
    ['ERR_CANCELED', 'aborted'],
    ['CERT_HAS_EXPIRED', 'permanent'],
    ['CERT_NOT_YET_VALID', 'permanent'],
    ['CERT_REVOKED', 'permanent'],
    ['CRL_HAS_EXPIRED', 'permanent'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'permanent'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'permanent'],
    ['UNABLE_TO_GET_ISSUER_CERT', 'permanent'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'permanent'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'permanent'],
    ['INVALID_CA', 'permanent'],
    ['HOSTNAME_MISMATCH', 'permanent'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'permanent'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'permanent'],
    ['EPROTO', 'permanent'],
    ['ERR_ACCESS_DENIED', 'permanent'],
    ['ERR_INVALID_URL', 'permanent'],
    ['ERR_INVALID_CHAR', 'permanent'],
    ['ERR_INVALID_PROTOCOL', 'permanent'],
    ['ERR_HTTP_INVALID_HEADER_VALUE', 'permanent'],
    ['ERR_UNESCAPED_CHARACTERS', 'permanent'],
    ['UND_ERR_INVALID_ARG', 'permanent'],
    ['UND_ERR_NOT_SUPPORTED', 'permanent'],
    ['UND_ERR_HEADERS_OVERFLOW', 'permanent'],
    ['HPE_HEADER_OVERFLOW', 'permanent'],
    ['UND_ERR_REQ_CONTENT_LENGTH_MISMATCH', 'permanent'],
    ['UND_ERR_DESTROYED', 'permanent'],
    ['UND_ERR_CLOSED', 'permanent'],
    ['TENAX_EXHAUSTED', 'permanent'],
    ['TENAX_OPERATION_TIMEOUT', 'permanent'],
  ])('%s is %s', (code, failureClass) => {
    expect(classify(coded(code))).toBe(failureClass);
  });

  it('a code that says nothing is transient', () => {
    expect(classOfCode('SQLITE_BUSY', ERROR_CODES)).toBeUndefined();
    expect(classify(coded('SQLITE_BUSY'))).toBe('transient');
  });

  it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])(
    'a code with the name of a member of every object, %s, says nothing',
    (code) => {
      expect(classOfCode(code, ERROR_CODES)).toBeUndefined();
      expect(classify(coded(code))).toBe('transient');
    },
  );

  it('the table of the policy wins over a family of codes', () => {
    expect(classOfError(coded('CERT_LATER'), { CERT_LATER: 'transient' })).toBe('transient');
  });

  it('the word of the user on a code wins over what else the error says', () => {
    const error = coded('ECONNREFUSED', { syscall: 'connect' });
    expect(classOfError(error, { ...ERROR_CODES, ECONNREFUSED: 'transport' })).toBe('transport');
  });

  it('the built-in table cannot be changed', () => {
    expect(() => Object.assign(ERROR_CODES, { ECONNRESET: 'permanent' })).toThrow(TypeError);
  });
});

describe('a code alone says "lost on the way"; these say that there was no way yet', () => {
  it.each(['ETIMEDOUT', 'ECONNRESET', 'EPIPE'])('%s of the syscall connect is a connection error', (code) => {
    expect(classify(coded(code, { syscall: 'connect' }))).toBe('connection');
  });

  it.each(['read', 'write'])('ECONNRESET of the syscall %s stays a transport error', (syscall) => {
    expect(classify(coded('ECONNRESET', { syscall }))).toBe('transport');
  });

  it.each(['connect', 'read'])('in a cause of the same code too: %s', (syscall) => {
    const error = coded('ETIMEDOUT', { cause: coded('ETIMEDOUT', { syscall }) });
    expect(classify(error)).toBe(syscall === 'connect' ? 'connection' : 'transport');
  });

  it('not in a cause of what was lost in a later call', () => {
    const before = coded('ECONNRESET', { syscall: 'connect' });
    expect(classify(coded('ECONNRESET', { syscall: 'read', cause: before }))).toBe('transport');
  });

  it('not by an empty list of errors', () => {
    expect(classify(coded('ECONNRESET', { errors: [] }))).toBe('transport');
  });

  it('not in a cause of another code', () => {
    const error = coded('ECONNRESET', { cause: coded('ETIMEDOUT', { syscall: 'connect' }) });
    expect(classify(error)).toBe('transport');
  });

  it('HTTP/2 REFUSED_STREAM is a connection error', () => {
    const error = new Error('Stream closed with error code NGHTTP2_REFUSED_STREAM');
    expect(classify(Object.assign(error, { code: 'ERR_HTTP2_STREAM_ERROR' }))).toBe('connection');
  });

  it.each(['NGHTTP2_INTERNAL_ERROR', 'NGHTTP2_CANCEL'])('HTTP/2 %s stays a transport error', (name) => {
    const error = new Error(`Stream closed with error code ${name}`);
    expect(classify(Object.assign(error, { code: 'ERR_HTTP2_STREAM_ERROR' }))).toBe('transport');
  });

  it.each(['certificate', 'EPROTO'])('the syscall connect does not soften a %s error', (kind) => {
    const code = kind === 'certificate' ? 'CERT_HAS_EXPIRED' : kind;
    expect(classify(coded(code, { syscall: 'connect' }))).toBe('permanent');
  });
});

describe('the class of an error without a code', () => {
  it.each([
    ['TypeError', new TypeError('x is not a function'), 'permanent'],
    ['ReferenceError', new ReferenceError('x is not defined'), 'permanent'],
    [
      "what Deno's permissions do not allow",
      Object.assign(new Error('Requires net access to "a:80"'), { name: 'NotCapable' }),
      'permanent',
    ],
    ['SyntaxError', new SyntaxError('Unexpected token'), 'permanent'],
    ['RangeError', new RangeError('Invalid array length'), 'permanent'],
    ['URIError', new URIError('URI malformed'), 'permanent'],
    ['EvalError', new EvalError('eval'), 'permanent'],
    ['TimeoutError', new DOMException('The operation timed out', 'TimeoutError'), 'timeout'],
    ['AbortError', new DOMException('This operation was aborted', 'AbortError'), 'aborted'],
    ['Error', new Error('something else'), 'transient'],
  ])('%s', (_, error, failureClass) => {
    expect(classify(error)).toBe(failureClass);
  });
});

describe("EDGE 5: our own timeout is not the caller's abort", () => {
  it.each([
    ['AttemptTimeoutError', new AttemptTimeoutError(100), 'timeout'],
    ["a caller's abort", new DOMException('stop', 'AbortError'), 'aborted'],
    ['RetryConfigError', new RetryConfigError('path', 1, 'another'), 'permanent'],
    ['BodyNotReplayableError', new BodyNotReplayableError('gone'), 'permanent'],
  ])('%s', (_, error, failureClass) => {
    expect(classify(error)).toBe(failureClass);
  });
});
