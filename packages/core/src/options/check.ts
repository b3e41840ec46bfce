/** Checks a value against a schema, and says what is wrong in words that people use. */

import type * as z from 'zod/mini';

import { RetryConfigError } from '../errors.ts';
import { onlyNamesOf, wordsOf } from './objects-schema.ts';

/** For each name that an object may have, what makes its schema. A name may be left out. */
export type Shape = Readonly<Record<string, () => z.ZodMiniType>>;
type Issue = Pick<z.core.$ZodIssue, 'path' | 'message'> & { readonly keys?: readonly string[] };

/**
 * Checks an object against the schemas of what it may hold, name by name: only the schemas of what was given are made,
 * since that of everything takes several ms.
 *
 * @returns what was checked. Objects and arrays are copies that hold what was inherited too: later copies would lose
 * that. Functions and a clock are the given ones.
 * @throws RetryConfigError that names the first path that is wrong, what was given and what is accepted.
 */
export function check(shape: Shape, options: unknown): Record<string, unknown> {
  if (typeof options !== 'object' || options === null || Array.isArray(options) || holdsNoOptions(options)) {
    throw new RetryConfigError('', options, 'an object of retry options');
  }
  const given = options as Readonly<Record<string, unknown>>;
  const checked: Record<string, unknown> = {};
  for (const [name, make] of Object.entries(shape)) {
    const value = given[name];
    if (value === undefined) continue;
    const { data, issue } = checkValue(make(), value);
    checked[name] = data;
    if (issue === undefined) continue;
    const { keys = [], message, path } = issue;
    const whole = [...path, ...keys.slice(0, 1)].map(String);
    const wrong = whole.reduce<unknown>((outer, key) => (outer as typeof given | undefined)?.[key], value);
    throw new RetryConfigError([name, ...whole].join('.'), wrong, message);
  }
  for (const name in given) {
    if (!Object.hasOwn(shape, name)) throw new RetryConfigError(name, given[name], onlyNamesOf(shape));
  }
  return checked;
}

function checkValue(
  schema: z.ZodMiniType,
  value: unknown,
): { readonly data?: unknown; readonly issue?: Issue | undefined } {
  const words = wordsOf(schema);
  if (holdsNoOptions(value)) return { issue: { path: [], message: String(words) } };
  // What has no words of its own is refused in those of the whole.
  const { data, error } = schema.safeParse(value, { error: () => words });
  return { data, issue: error && explainUnion(error.issues[0] as z.core.$ZodIssue) };
}

/** They would be taken for objects without members: what they hold, or will hold, is not seen. */
function holdsNoOptions(value: unknown): boolean {
  return value instanceof Map || value instanceof Set || value instanceof Promise;
}

/**
 * What a union refused, said by the member that looked inside: the others only say that it is no object at all, or of
 * another kind.
 */
function explainUnion(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  // A union further in has words of its own.
  if (issue.code !== 'invalid_union' || issue.path.length > 0) return issue;
  const ofItsKind = issue.errors.filter((issues) => !issues.some(({ path }) => path[0] === 'kind')).flat();
  return (
    ofItsKind.find(({ code }) => code === 'unrecognized_keys') ??
    [...ofItsKind, ...issue.errors.flat()].find(({ path }) => path.length > 0) ??
    issue
  );
}
