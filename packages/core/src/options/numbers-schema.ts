/** Schemas of the numbers that options are. */

import * as z from 'zod/mini';

type NumberSchema = z.ZodMiniNumber<number>;

/** An `integer` of the JSON Schema. `z.int` would say so by itself, and would add 0.4 KB to every bundle. */
export const wholeNumber = (words?: string): NumberSchema =>
  z.number(words).check(z.refine(Number.isSafeInteger));
export const count = (words = 'a whole number of at least 1'): NumberSchema =>
  wholeNumber(words).check(z.gte(1));
export const duration = (): NumberSchema => z.number('a number of ms of at least 0').check(z.gte(0));
export const positiveDuration = (more = ''): NumberSchema =>
  z.number(`a number of ms greater than 0${more}`).check(z.gt(0));
export const timeout = (): NumberSchema => positiveDuration('; leave it out for none');
export const factor = (): NumberSchema => z.number('a number of at least 1').check(z.gte(1));
export const share = (): NumberSchema => z.number('a number from 0 to 1').check(z.gte(0), z.lte(1));
