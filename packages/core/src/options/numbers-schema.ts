/** Schemas of the numbers that options are. */

import * as z from 'zod/mini';

/** An `integer` of the JSON Schema. `z.int` would say so by itself, and would add 0.4 KB to every bundle. */
export const wholeNumber = (): z.ZodMiniNumber<number> => z.number().check(z.refine(Number.isSafeInteger));
export const count = (): z.ZodMiniNumber<number> => wholeNumber().check(z.gte(1));
export const duration = (): z.ZodMiniNumber<number> => z.number().check(z.gte(0));
export const positiveDuration = (): z.ZodMiniNumber<number> => z.number().check(z.gt(0));
