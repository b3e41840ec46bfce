import { describe, expect, it } from 'vitest';

import { classifyHttp } from '../../src/http/classify.ts';
import type { Classification } from '../../src/outcome.ts';
import { resolvePolicy } from '../../src/policy.ts';
import type { RequestDescription } from '../../src/request.ts';
import { response } from './outcomes.ts';

const policy = resolvePolicy({});
const SUCCESS: Classification = { retryable: false, reason: 'success' };
const PERMANENT: Classification = {
  failureClass: 'permanent',
  retryable: false,
  reason: 'permanent_failure',
};
const get: RequestDescription = { method: 'GET', url: 'https://api.example.com/' };
const post: RequestDescription = { method: 'POST', url: 'https://api.example.com/' };
const keyedPost: RequestDescription = { ...post, hasIdempotencyKey: true };

describe('a status that is no failure', () => {
  it.each([100, 101, 103, 200, 201, 202, 204, 205, 206, 207, 226, 300, 301, 302, 303, 304, 307, 308])(
    '%d is a success',
    (status) => {
      expect(classifyHttp(response(status), get, policy)).toEqual(SUCCESS);
    },
  );

  it('EDGE 21: status 0, of an opaque redirect or a no-cors response, is a success', () => {
    expect(classifyHttp(response(0), get, policy)).toEqual(SUCCESS);
  });

  it("what the client's own rule accepted is a success, whatever its status", () => {
    expect(classifyHttp({ ...response(503), accepted: true }, get, policy)).toEqual(SUCCESS);
    expect(classifyHttp({ ...response(503), accepted: false }, get, policy).retryable).toBe(true);
  });

  it('a value without a response is a success', () => {
    expect(classifyHttp({ kind: 'value', value: 503 }, get, policy)).toEqual(SUCCESS);
  });
});

describe('a status that fails for good', () => {
  it.each([
    400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423,
    424, 426, 428, 431, 451, 499, 501, 505, 506, 507, 508, 510, 511, 525, 526, 530, 599,
  ])('%d is permanent', (status) => {
    expect(classifyHttp(response(status), get, policy)).toEqual(PERMANENT);
  });
});

describe('a status that is retried for idempotent requests', () => {
  it.each([
    [408, 'transient', 'transient_status'],
    [500, 'transient', 'transient_status'],
    [502, 'transient', 'transient_status'],
    [503, 'transient', 'transient_status'],
    [504, 'transient', 'transient_status'],
    [520, 'transient', 'transient_status'],
    [521, 'transient', 'transient_status'],
    [522, 'transient', 'transient_status'],
    [523, 'transient', 'transient_status'],
    [524, 'transient', 'transient_status'],
    [529, 'throttled', 'throttled'],
  ] as const)('%d is %s', (status, failureClass, reason) => {
    expect(classifyHttp(response(status), get, policy)).toEqual({ failureClass, retryable: true, reason });
    expect(classifyHttp(response(status), keyedPost, policy)).toEqual({
      failureClass,
      retryable: true,
      reason,
    });
    expect(classifyHttp(response(status), post, policy)).toEqual({
      failureClass,
      retryable: false,
      reason: 'method_not_idempotent',
    });
  });
});

describe('a status that refuses the request unprocessed is retried for every method', () => {
  it.each([
    [425, 'transient', 'transient_status'],
    [429, 'throttled', 'throttled'],
  ] as const)('%d is %s', (status, failureClass, reason) => {
    const expected = { failureClass, retryable: true, reason };
    expect(classifyHttp(response(status), get, policy)).toEqual(expected);
    expect(classifyHttp(response(status), post, policy)).toEqual(expected);
  });
});

describe('503', () => {
  it.each([
    ['with a Retry-After of seconds', { 'retry-after': '2' }, 'throttled'],
    ['with a Retry-After of 0', { 'retry-after': '0' }, 'throttled'],
    ['with a Retry-After date', { 'retry-after': 'Mon, 03 Jun 2019 11:30:12 GMT' }, 'throttled'],
    ['with a malformed Retry-After', { 'retry-after': 'soon' }, 'transient'],
    ['with an empty Retry-After', { 'retry-after': '' }, 'transient'],
    ['with no Retry-After', {}, 'transient'],
  ] as const)('%s is %s', (_, headers, failureClass) => {
    expect(classifyHttp(response(503, headers), get, policy)).toMatchObject({
      failureClass,
      retryable: true,
    });
  });

  it('with a Retry-After is still not retried for a POST', () => {
    expect(classifyHttp(response(503, { 'retry-after': '2' }), post, policy)).toEqual({
      failureClass: 'throttled',
      retryable: false,
      reason: 'method_not_idempotent',
    });
  });

  it('500 with a Retry-After stays transient', () => {
    expect(classifyHttp(response(500, { 'retry-after': '2' }), get, policy).failureClass).toBe('transient');
  });
});

describe('methods', () => {
  it.each(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY'])('%s may be sent again', (method) => {
    expect(classifyHttp(response(500), { method }, policy).retryable).toBe(true);
  });

  it.each(['POST', 'PATCH', 'CONNECT', 'PROPFIND', ''])('%s may not', (method) => {
    expect(classifyHttp(response(500), { method }, policy)).toMatchObject({
      retryable: false,
      reason: 'method_not_idempotent',
    });
  });

  it('an operation without a method may be sent again', () => {
    expect(classifyHttp(response(500), {}, policy).retryable).toBe(true);
  });

  it('the `methods` option replaces the list', () => {
    const own = resolvePolicy({ methods: ['post'] });
    expect(classifyHttp(response(500), post, own).retryable).toBe(true);
    expect(classifyHttp(response(500), get, own).retryable).toBe(false);
  });
});

describe('an idempotency key', () => {
  it('409 means "still in progress", and is retried', () => {
    expect(classifyHttp(response(409), keyedPost, policy)).toEqual({
      failureClass: 'transient',
      retryable: true,
      reason: 'idempotent_request_in_progress',
    });
  });

  it('422 is permanent, even where `statusCodes` names it', () => {
    const own = resolvePolicy({ statusCodes: [422] });
    expect(classifyHttp(response(422), keyedPost, own)).toEqual(PERMANENT);
    expect(classifyHttp(response(422), get, own).retryable).toBe(true);
  });
});

describe('the `statusCodes` option', () => {
  const own = resolvePolicy({ statusCodes: [404, 202] });

  it.each([404, 202])('makes %d retryable', (status) => {
    expect(classifyHttp(response(status), get, own)).toEqual({
      failureClass: 'transient',
      retryable: true,
      reason: 'transient_status',
    });
  });

  it.each([500, 429])('replaces the list: %d is permanent', (status) => {
    expect(classifyHttp(response(status), get, own)).toEqual(PERMANENT);
  });
});
