import { describe, expect, it } from 'vitest';

import { IDEMPOTENT_METHODS, isIdempotent, upperCaseMethod } from '../../src/http/methods.ts';

describe('a request that may be sent again', () => {
  it.each([
    ['an idempotent method', { method: 'PUT' }, true],
    ['another method', { method: 'POST' }, false],
    ['another method with an idempotency key', { method: 'POST', hasIdempotencyKey: true }, true],
    ['another method that says it has no key', { method: 'POST', hasIdempotencyKey: false }, false],
    ['no method', {}, true],
  ])('%s: %s', (_, request, idempotent) => {
    expect(isIdempotent(request, IDEMPOTENT_METHODS)).toBe(idempotent);
  });
});

describe('a method in upper case', () => {
  it.each([
    ['get', 'GET'],
    ['POST', 'POST'],
    ['Patch', 'PATCH'],
    ['PURGE', 'PURGE'],
    ['purge', 'PURGE'],
  ])('%s: %s', (method, expected) => {
    expect(upperCaseMethod(method)).toBe(expected);
  });
});
