import { createContextKey, ROOT_CONTEXT } from '@opentelemetry/api';
import { isTracingSuppressed, suppressTracing } from '@opentelemetry/core';
import { describe, expect, it } from 'vitest';

import { PassingContext, withoutTracing } from '../src/passing-context.ts';

const PLACE = createContextKey('place');
const OTHER = createContextKey('other');

function passing() {
  const life = { hasEnded: false };
  const during = ROOT_CONTEXT.setValue(PLACE, 'during').setValue(OTHER, 1);
  const after = ROOT_CONTEXT.setValue(PLACE, 'after');
  return { life, context: new PassingContext(life, during, after) };
}

describe('a context that passes', () => {
  it('is one context while its life lasts, and another one then', () => {
    const { context, life } = passing();
    expect([context.getValue(PLACE), context.getValue(OTHER)]).toEqual(['during', 1]);
    life.hasEnded = true;
    expect([context.getValue(PLACE), context.getValue(OTHER)]).toEqual(['after', undefined]);
  });

  it('passes in what was derived from it too, which keeps what was set', () => {
    const { context, life } = passing();
    const derived = context.setValue(OTHER, 2).deleteValue(createContextKey('nothing'));
    const without = context.deleteValue(PLACE);
    expect([derived.getValue(PLACE), derived.getValue(OTHER), without.getValue(PLACE)]).toEqual([
      'during',
      2,
      undefined,
    ]);
    life.hasEnded = true;
    expect([derived.getValue(PLACE), derived.getValue(OTHER), without.getValue(PLACE)]).toEqual([
      'after',
      2,
      undefined,
    ]);
  });

  it('is as its second one in all respects, once it has passed', () => {
    const { context, life } = passing();
    life.hasEnded = true;
    const derived = context.setValue(OTHER, 2);
    expect(derived).not.toBeInstanceOf(PassingContext);
    expect([derived.getValue(PLACE), derived.getValue(OTHER)]).toEqual(['after', 2]);
  });
});

describe('a context without tracing', () => {
  it('is what the SDK takes for one', () => {
    expect(isTracingSuppressed(ROOT_CONTEXT)).toBe(false);
    expect(isTracingSuppressed(withoutTracing(ROOT_CONTEXT))).toBe(true);
    expect(isTracingSuppressed(suppressTracing(ROOT_CONTEXT))).toBe(true);
  });
});
