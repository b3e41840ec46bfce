/** The schema of a text. */

import * as z from 'zod/mini';

/** A `string` of the JSON Schema. `z.string` and `z.regex` would say so, and would add 0.2 KB to every bundle. */
export const textLike = <Text extends string>(pattern: RegExp): z.ZodMiniCustom<Text, Text> =>
  z.custom<Text>((text) => typeof text === 'string' && pattern.test(text), { params: { pattern } });

/** One of these texts, which the error message quotes. */
export const oneOf = <Text extends string>(...texts: readonly Text[]): z.ZodMiniLiteral<Text> =>
  z.literal(texts, listOfWords(texts.map((text) => `'${text}'`)));

/** As people list them: with a comma between them, and `or` before the last one. */
export function listOfWords(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
