/** The schema of a text. */

import * as z from 'zod/mini';

/** A `string` of the JSON Schema. `z.string` and `z.regex` would say so, and would add 0.2 KB to every bundle. */
export const textLike = <Text extends string>(pattern: RegExp): z.ZodMiniCustom<Text, Text> =>
  z.custom<Text>((text) => typeof text === 'string' && pattern.test(text), { params: { pattern } });
