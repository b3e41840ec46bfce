/** Schemas of the objects that options are, and what a schema accepts in words. */

import * as z from 'zod/mini';

/** What a schema accepts, in the words of an error message and of the JSON Schema. */
export function wordsOf({ _zod: { def } }: z.core.$ZodType): string | undefined {
  return def.error?.({} as never) as string | undefined;
}

/** An object that has no other names than these. */
export function objectOf<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  words?: string,
): z.ZodMiniObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? onlyNamesOf(shape) : words),
  });
}

export function onlyNamesOf(shape: object): string {
  return `only ${Object.keys(shape).join(', ')}`;
}

/** @param meaning what `false` is good for */
export function orFalse<Schema extends z.ZodMiniType>(
  schema: Schema,
  meaning = '',
): z.ZodMiniUnion<readonly [Schema, z.ZodMiniLiteral<false>]> {
  return z.union([schema, z.literal(false)], `${wordsOf(schema)}, or false${meaning}`);
}
