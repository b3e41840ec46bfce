import * as conventions from '@opentelemetry/semantic-conventions';
import { describe, expect, it } from 'vitest';

import * as names from '../src/names.ts';

const { OTHER, ...attributes } = names;
const own = Object.entries(attributes).filter(([constant]) => constant.startsWith('TENAX_'));
const shared = Object.entries(attributes).filter(([constant]) => !constant.startsWith('TENAX_'));

describe('the names of attributes', () => {
  it.each(shared)('%s is that of the semantic conventions', (constant, name) => {
    expect(name).toBe((conventions as Record<string, unknown>)[`ATTR_${constant}`]);
  });

  it.each(own)('%s is in a namespace of its own', (constant, name) => {
    expect(name).toMatch(/^tenax\.[a-z_]+(\.[a-z_]+)*$/u);
    expect(constant).toBe(name.replaceAll('.', '_').toUpperCase());
  });

  it('say what the conventions say of other values', () => {
    expect(OTHER).toBe(conventions.ERROR_TYPE_VALUE_OTHER);
  });
});
