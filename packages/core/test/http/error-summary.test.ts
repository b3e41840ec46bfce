import { describe, expect, it } from 'vitest';

import { summarizeError } from '../../src/http/error-summary.ts';
import { coded } from './outcomes.ts';

describe('the summary of an error in statistics', () => {
  it('has name, message and code', () => {
    expect(summarizeError(coded('ECONNRESET'))).toEqual({
      name: 'Error',
      message: 'ECONNRESET',
      code: 'ECONNRESET',
    });
  });

  it('has the code of the cause that explains the error', () => {
    expect(summarizeError(new TypeError('fetch failed', { cause: coded('ECONNREFUSED') }))).toEqual({
      name: 'TypeError',
      message: 'fetch failed',
      code: 'ECONNREFUSED',
    });
  });

  it('has no stack, no cause and no fields of the error', () => {
    const error = Object.assign(new Error('failed', { cause: new Error('why') }), { config: { token: 'x' } });
    expect(Object.keys(summarizeError(error))).toEqual(['name', 'message']);
  });

  it('has no secrets of URLs', () => {
    const error = new Error('GET https://me:secret@api.example.com/a?token=secret failed');
    expect(summarizeError(error).message).toBe('GET https://api.example.com/a failed');
    expect(summarizeError('https://api.example.com/a?token=secret').message).toBe(
      'https://api.example.com/a',
    );
  });
});

describe('EDGE 11: a summary never fails', () => {
  const trap = {
    get message(): string {
      throw new Error('trap');
    },
  };

  it.each([
    ['undefined', undefined, { name: 'undefined', message: 'undefined' }],
    ['null', null, { name: 'null', message: 'null' }],
    ['a string', 'broken', { name: 'string', message: 'broken' }],
    ['a number', 42, { name: 'number', message: '42' }],
    ['a symbol', Symbol('odd'), { name: 'symbol', message: 'Symbol(odd)' }],
    ['an empty object', {}, { name: 'object', message: '' }],
    ['an object whose fields are no strings', { name: 1, message: 2 }, { name: 'object', message: '' }],
    ['a getter that throws', trap, { name: 'object', message: '' }],
    ['a frozen error', Object.freeze(new Error('cold')), { name: 'Error', message: 'cold' }],
  ])('%s', (_, thrown, summary) => {
    expect(summarizeError(thrown)).toEqual(summary);
  });
});
