/** Checks a value against a schema, and says what is wrong in words that people use. */

import type * as z from 'zod/mini';

import { RetryConfigError } from '../errors.ts';

/** For each name that an object may have, what makes its schema. A name may be left out. */
type Shape = Readonly<Record<string, () => z.ZodMiniType>>;
type Issue = Pick<z.core.$ZodIssue, 'path'> & {
  readonly keys?: readonly string[];
  /** With `keys`, those that are known. */
  readonly message?: string;
};

/**
 * Checks an object against the schemas of what it may hold. What was given is used then, not zod's copy of it: a clock or
 * a hook keeps its identity.
 *
 * @param words for each path, in a message
 * @throws RetryConfigError that names the first path that is wrong, what was given and what is accepted.
 */
export function check(shape: Shape, options: unknown, words: () => Readonly<Record<string, string>>): void {
  const issue = firstIssue(shape, options);
  if (issue === undefined) return;
  const accepted = words();
  const path = issue.path.map(String);
  const given = path.reduce(
    (value: unknown, key) => (value as Record<string, unknown> | undefined)?.[key],
    options,
  );
  if (issue.keys) {
    const key = String(issue.keys[0]);
    const value = (given as Record<string, unknown>)[key];
    throw new RetryConfigError([...path, key].join('.'), value, `only ${issue.message}`);
  }
  const expected =
    accepted[path.join('.')] ?? accepted[path.slice(0, 2).join('.')] ?? accepted[path[0] ?? ''];
  throw new RetryConfigError(path.join('.'), given, expected ?? 'an object of retry options');
}

/** Name by name, so that only the schemas of what was given are made: that of everything takes several ms. */
function firstIssue(shape: Shape, options: unknown): Issue | undefined {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    return { path: [] };
  }
  for (const [name, make] of Object.entries(shape)) {
    const value = (options as Record<string, unknown>)[name];
    if (value === undefined) continue;
    // For zod they would be objects without members.
    if (value instanceof Map || value instanceof Set) return { path: [name] };
    const { error } = make().safeParse(value, { error: knownKeys });
    if (!error) continue;
    const issue = explainUnion(error.issues[0] as z.core.$ZodIssue);
    return { ...issue, path: [name, ...issue.path] };
  }
  for (const key in options) {
    if (!Object.hasOwn(shape, key)) return { path: [], keys: [key], message: Object.keys(shape).join(', ') };
  }
  return undefined;
}

/** The names that an object may have, as the message of those that it may not. */
function knownKeys({ code, inst }: z.core.$ZodRawIssue): string | undefined {
  return code === 'unrecognized_keys'
    ? Object.keys((inst as z.ZodMiniObject).def.shape).join(', ')
    : undefined;
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
