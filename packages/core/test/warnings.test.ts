import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest';

import { silence, warnOnce } from '../src/warnings.ts';

let emitWarning: MockInstance<typeof process.emitWarning>;
beforeEach(() => {
  emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const callback = (): (() => void) => () => undefined;

describe('a callback that misbehaves', () => {
  it('is reported once, however often it does', () => {
    const faulty = callback();
    warnOnce(faulty, 'it threw');
    warnOnce(faulty, 'it threw again');
    expect(emitWarning).toHaveBeenCalledExactlyOnceWith('it threw', {
      type: 'TenaxWarning',
      code: 'TENAX_CALLBACK',
    });
  });

  it('is reported besides another one', () => {
    warnOnce(callback(), 'it threw');
    warnOnce(callback(), 'it threw');
    expect(emitWarning).toHaveBeenCalledTimes(2);
  });

  it('is reported with the stack of its error', () => {
    const error = new Error('why');
    warnOnce(callback(), 'it threw', error);
    expect(emitWarning.mock.lastCall?.[1]).toMatchObject({ detail: error.stack });
  });

  it.each([
    ['a string', 'why', '"why"'],
    ['null', null, 'null'],
    ['an object', { a: 1 }, '{"a":1}'],
  ])('EDGE 11: is reported with what it threw, %s', (_, thrown, detail) => {
    warnOnce(callback(), 'it threw', thrown);
    expect(emitWarning.mock.lastCall?.[1]).toMatchObject({ detail });
  });

  it.each([
    ['no process', undefined],
    ['a process without warnings', {}],
  ])('is reported on the console where there is %s', (_, scope) => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    vi.stubGlobal('process', scope);
    warnOnce(callback(), 'it threw', 'why');
    warnOnce(callback(), 'it threw');
    expect(warn.mock.calls).toEqual([['TenaxWarning: it threw\n"why"'], ['TenaxWarning: it threw']]);
    expect(emitWarning).not.toHaveBeenCalled();
  });
});

describe('EDGE 13: a promise that nobody will look at', () => {
  it.each([
    ['a promise', () => Promise.reject(new Error('late'))],
    [
      'a thenable',
      () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- the point of this case
        then: (_: unknown, reject: (reason: unknown) => void) => {
          reject(new Error('late'));
        },
      }),
    ],
    [
      'a thenable that throws',
      () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- the point of this case
        then: () => {
          throw new Error('late');
        },
      }),
    ],
  ])('%s may reject', async (_, make) => {
    const rejections: unknown[] = [];
    const record = (reason: unknown): void => void rejections.push(reason);
    process.on('unhandledRejection', record);
    silence(make());
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', record);
    expect(rejections).toEqual([]);
  });

  it.each([undefined, null, 0, 'text', {}])('%o is no promise, and left alone', (value) => {
    expect(() => {
      silence(value);
    }).not.toThrow();
  });
});
