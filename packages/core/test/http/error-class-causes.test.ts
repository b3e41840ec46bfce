import { runInNewContext } from 'node:vm';

import { describe, expect, it } from 'vitest';

import { classOfError, codeOfError } from '../../src/http/error-class.ts';
import { ERROR_CODES } from '../../src/http/error-codes.ts';
import { coded } from './outcomes.ts';

const classify = (error: unknown): string => classOfError(error, ERROR_CODES);
/** What Node throws for a host with several addresses: it has the code of the first. */
const noConnection = (...codes: readonly [string, ...string[]]): AggregateError =>
  Object.assign(new AggregateError(codes.map((code) => coded(code, { syscall: 'connect' }))), {
    code: codes[0],
  });
const wrap = (cause: unknown, times: number): unknown =>
  times === 0 ? cause : wrap(new Error('wrapped', { cause }), times - 1);

describe('causes are followed to the code that explains the error', () => {
  it.each([1, 2, 5, 15, 30])('through %d causes', (depth) => {
    expect(classify(wrap(coded('ECONNREFUSED'), depth))).toBe('connection');
  });

  it('a chain without end ends', () => {
    expect(classify(wrap(coded('ECONNREFUSED'), 1000))).toBe('transient');
  });

  it("an error's own code comes before that of its cause", () => {
    expect(classify(coded('ECONNRESET', { cause: coded('CERT_HAS_EXPIRED') }))).toBe('transport');
  });

  it('a code that says nothing lets the cause speak', () => {
    expect(classify(coded('MY_CLIENT_FAILED', { cause: coded('ECONNREFUSED') }))).toBe('connection');
  });

  it('the cause comes before the message', () => {
    const error = new TypeError('Failed to fetch', { cause: new DOMException('late', 'TimeoutError') });
    expect(classify(error)).toBe('timeout');
  });
});

describe('an AggregateError counts as the one of its errors that allows least', () => {
  it.each([
    [['ECONNREFUSED', 'ECONNREFUSED'], 'connection'],
    [['ECONNREFUSED', 'ECONNRESET'], 'transport'],
    [['ECONNRESET', 'UND_ERR_HEADERS_TIMEOUT'], 'transport'],
    [['ECONNREFUSED', 'UND_ERR_HEADERS_TIMEOUT'], 'timeout'],
    [['ECONNREFUSED', 'CERT_HAS_EXPIRED'], 'permanent'],
    [['ECONNREFUSED', 'ABORT_ERR'], 'aborted'],
    [['ABORT_ERR', 'CERT_HAS_EXPIRED'], 'permanent'],
    [['ECONNREFUSED', 'SAYS_NOTHING'], 'connection'],
    [['SAYS_NOTHING'], 'transient'],
    [[], 'transient'],
  ])('%j is %s', (codes, failureClass) => {
    expect(classify(new AggregateError(codes.map((code) => coded(code))))).toBe(failureClass);
  });

  it('is found behind a cause, as Node puts it there', () => {
    const error = noConnection('ETIMEDOUT', 'ECONNREFUSED');
    expect(classify(new TypeError('fetch failed', { cause: error }))).toBe('connection');
  });

  it('is no connection error when one of its errors came later', () => {
    const error = noConnection('ETIMEDOUT', 'ECONNREFUSED');
    error.errors.push(coded('ECONNRESET', { syscall: 'read' }));
    expect(classify(error)).toBe('transport');
  });

  it('its own code comes first', () => {
    const error = Object.assign(new AggregateError([coded('CERT_HAS_EXPIRED')]), { code: 'ECONNREFUSED' });
    expect(classify(error)).toBe('connection');
  });

  it('two errors with the same cause are explained by it both', () => {
    const cause = new Error('lost', { cause: coded('ECONNRESET') });
    const failed = (): TypeError => new TypeError('fetch failed', { cause });
    expect(classify(new AggregateError([failed(), failed()]))).toBe('transport');
  });
});

describe('EDGE 11: errors that are not errors', () => {
  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'ECONNREFUSED'],
    ['a number', 503],
    ['a symbol', Symbol('failed')],
    ['an empty object', {}],
    ['an object without a prototype', Object.create(null)],
    ['a function', () => undefined],
  ])('%s is transient', (_, thrown) => {
    expect(classify(thrown)).toBe('transient');
  });

  it('a plain object with a code counts as what the code says', () => {
    expect(classify({ code: 'ECONNREFUSED' })).toBe('connection');
  });

  it('a frozen error is read, and not changed', () => {
    expect(classify(Object.freeze(coded('ECONNRESET')))).toBe('transport');
  });

  it.each([
    ['a network error', "new TypeError('Failed to fetch')", 'transport'],
    ['a programming error', "new TypeError('x is not a function')", 'permanent'],
    ['a code', "Object.assign(new Error(''), { code: 'ECONNREFUSED' })", 'connection'],
    ['an AggregateError', "new AggregateError([{ code: 'ECONNREFUSED' }])", 'connection'],
    ['a cause', "new Error('', { cause: { code: 'ECONNRESET' } })", 'transport'],
  ])('another realm: %s', (_, source, failureClass) => {
    const error: unknown = runInNewContext(source);
    expect(error).not.toBeInstanceOf(Error);
    expect(classify(error)).toBe(failureClass);
  });

  it('an error that is its own cause is transient', () => {
    const error: Error = new Error('circle');
    error.cause = error;
    expect(classify(error)).toBe('transient');
    expect(codeOfError(error)).toBeUndefined();
  });

  it('a circle of causes is left at the code in it', () => {
    const first = new Error('first');
    const second = coded('ECONNREFUSED', { cause: first });
    first.cause = second;
    expect(classify(first)).toBe('connection');
  });

  it('a circle does not hide the error beside it', () => {
    const circle: Error = new Error('circle');
    circle.cause = circle;
    expect(classify(new AggregateError([circle, coded('CERT_HAS_EXPIRED')]))).toBe('permanent');
  });

  it('an AggregateError that holds itself many times is looked at once', () => {
    const error = new AggregateError([]);
    error.errors = Array.from({ length: 20 }, () => error);
    error.cause = error;
    expect(classify(error)).toBe('transient');
  });

  it.each(['code', 'name', 'message', 'cause', 'errors'])(
    'a getter for %s that throws: transient',
    (name) => {
      const trap = Object.defineProperty(new Error('trap'), name, {
        get: () => {
          throw new Error('trap');
        },
      });
      expect(classify(trap)).toBe('transient');
    },
  );

  it('a proxy that refuses everything is transient', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(classify(proxy)).toBe('transient');
  });
});

describe('codeOfError', () => {
  it.each([
    ['its own', coded('ECONNRESET', { cause: coded('OTHER') }), 'ECONNRESET'],
    ['that of its cause', wrap(coded('ECONNREFUSED'), 3), 'ECONNREFUSED'],
    ['that of the first of several errors', new AggregateError([coded('A'), coded('B')]), 'A'],
    ['none of a number, as DOMException has', new DOMException('late', 'TimeoutError'), undefined],
    ['none of a string', 'ECONNRESET', undefined],
  ])('%s', (_, error, code) => {
    expect(codeOfError(error)).toBe(code);
  });
});
