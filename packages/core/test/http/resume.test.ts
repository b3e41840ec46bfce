import { describe, expect, it } from 'vitest';

import { isComplete, rangeHeaders, refuseContinuation, resumableDownload } from '../../src/http/resume.ts';
import type { DownloadResponse } from '../../src/http/resume.ts';

const response = (status: number, headers: Record<string, string>): DownloadResponse => ({
  status,
  headers: { get: (name) => headers[name] },
});
const STRONG = { etag: '"v1"', 'content-length': '100' };
const DATE = 'Mon, 03 Jun 2019 11:30:12 GMT';
const SECOND_BEFORE = 'Mon, 03 Jun 2019 11:30:11 GMT';
const EARLIER = 'Mon, 03 Jun 2019 11:30:10 GMT';

describe('a download that may be continued', () => {
  it.each<[string, Record<string, string>, object]>([
    ['by a strong ETag', STRONG, { validator: '"v1"', length: 100 }],
    ['by a strong ETag, without a length', { etag: '"v1"' }, { validator: '"v1"', length: undefined }],
    [
      'without a length that can be read, where a runtime joins what a server says twice',
      { ...STRONG, 'content-length': '100, 100' },
      { validator: '"v1"', length: undefined },
    ],
    [
      'without the length that chunks make void',
      { ...STRONG, 'transfer-encoding': 'chunked' },
      { validator: '"v1"', length: undefined },
    ],
    ['in identity encoding', { ...STRONG, 'content-encoding': 'identity' }, { validator: '"v1"' }],
    [
      'by a Last-Modified of the second before',
      { 'last-modified': SECOND_BEFORE, date: DATE },
      { validator: SECOND_BEFORE },
    ],
    ['by a Last-Modified that is older', { 'last-modified': EARLIER, date: DATE }, { validator: EARLIER }],
  ])('%s', (_, headers, expected) => {
    expect(resumableDownload(response(200, headers))).toMatchObject(expected);
  });

  it.each<[string, number, Record<string, string>]>([
    ['a weak ETag', 200, { etag: 'W/"v1"' }],
    ['a weak ETag beside a date', 200, { etag: 'W/"v1"', 'last-modified': EARLIER, date: DATE }],
    ['a Last-Modified of the same second', 200, { 'last-modified': DATE, date: DATE }],
    ['a Last-Modified without a Date', 200, { 'last-modified': EARLIER }],
    ['no validator', 200, {}],
    ['an encoding', 200, { ...STRONG, 'content-encoding': 'gzip' }],
    ['a part', 206, STRONG],
  ])('not with %s', (_, status, headers) => {
    expect(resumableDownload(response(status, headers))).toBeUndefined();
  });

  it('is asked for by its range, if it is still the same', () => {
    expect(rangeHeaders({ validator: '"v1"', length: 100 }, 40)).toEqual({
      range: 'bytes=40-',
      'if-range': '"v1"',
    });
  });
});

describe('the rest of a download', () => {
  const entity = { validator: '"v1"', length: 100 };
  const range = { 'content-range': 'bytes 40-99/100' };

  it.each<[string, Record<string, string>]>([
    ['with the same ETag', { ...range, etag: '"v1"' }],
    ['without an ETag', range],
    ['with a date beside the same ETag', { ...range, etag: '"v1"', 'last-modified': DATE }],
    ['of a length that is not said', { 'content-range': 'bytes 40-99/*' }],
  ])('%s', (_, headers) => {
    expect(refuseContinuation(entity, 40, response(206, headers))).toBeUndefined();
  });

  it.each<[string, Record<string, string>]>([
    ['with the same date', { 'last-modified': EARLIER }],
    ['with the same date and an ETag now', { 'last-modified': EARLIER, etag: '"v1"' }],
    ['without a date', {}],
  ])('of a download without an ETag: %s', (_, headers) => {
    const dated = { ...entity, validator: EARLIER };
    expect(refuseContinuation(dated, 40, response(206, { ...range, ...headers }))).toBeUndefined();
  });

  it('is not another version of a download without an ETag, which its date tells', () => {
    const another = response(206, { ...range, 'last-modified': DATE });
    expect(refuseContinuation({ ...entity, validator: EARLIER }, 40, another)?.message).toMatch(
      /another Last-Modified$/,
    );
  });

  it.each<[string, number, Record<string, string>, string]>([
    ['the whole again', 200, { etag: '"v2"' }, 'status 200'],
    ['another range', 206, { 'content-range': 'bytes 30-99/100' }, 'Content-Range bytes 30-99/100'],
    ['no range', 206, {}, 'Content-Range missing'],
    ['another length', 206, { 'content-range': 'bytes 40-119/120' }, 'a length of 120 instead of 100'],
    ['longer', 206, { 'content-range': 'bytes 40-119/*' }, 'a length of 120 instead of 100'],
    ['an end before its begin', 206, { 'content-range': 'bytes 40-39/*' }, 'Content-Range bytes 40-39/*'],
    ['a part beyond the end', 206, { 'content-range': 'bytes 40-100/100' }, 'Content-Range bytes 40-100/100'],
    ['encoded', 206, { ...range, 'content-encoding': 'gzip' }, 'a content encoding'],
    ['another version', 206, { ...range, etag: '"v2"' }, 'another ETag'],
  ])('is not %s', (_, status, headers, problem) => {
    expect(refuseContinuation(entity, 40, response(status, headers))).toMatchObject({
      code: 'TENAX_RESUME_REFUSED',
      message: `The download broke off at byte 40 and can't be continued: the server answered with ${problem}`,
    });
  });

  it.each<[boolean, number, string]>([
    [true, 416, 'bytes */40'],
    [false, 416, 'bytes */41'],
    [false, 200, 'bytes */40'],
  ])('is nothing: %s, by status %s with Content-Range %s', (complete, status, contentRange) => {
    const answer = response(status, { 'content-range': contentRange });
    expect(isComplete({ validator: '"v1"', length: undefined }, 40, answer)).toBe(complete);
  });

  it.each<[boolean, number]>([
    [true, 40],
    [false, 100],
  ])('is nothing: %s, by a 416 where the length of the whole was said to be %s', (complete, length) => {
    const answer = response(416, { 'content-range': 'bytes */40' });
    expect(isComplete({ validator: '"v1"', length }, 40, answer)).toBe(complete);
  });

  it.each<[boolean, string, number | undefined, Record<string, string>]>([
    [true, 'the same ETag', undefined, { etag: '"v1"' }],
    [false, 'another ETag', undefined, { etag: '"v2"' }],
    [true, 'another ETag, where all that was said to come has come', 40, { etag: '"v2"' }],
  ])('is nothing: %s, by a 416 with %s', (complete, _, length, headers) => {
    const answer = response(416, { 'content-range': 'bytes */40', ...headers });
    expect(isComplete({ validator: '"v1"', length }, 40, answer)).toBe(complete);
  });

  it('is not nothing by a 416 with another Last-Modified, where that is the validator', () => {
    const answer = response(416, { 'content-range': 'bytes */40', 'last-modified': DATE });
    expect(isComplete({ validator: EARLIER, length: undefined }, 40, answer)).toBe(false);
  });
});
