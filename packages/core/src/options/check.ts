/** Checks a value against a schema, and says what is wrong in words that people use. */

import type * as z from 'zod/mini';

import { RetryConfigError } from '../errors.ts';
import { HOOKS } from '../events.ts';

/** For each name that an object may have, what makes its schema. A name may be left out. */
type Shape = Readonly<Record<string, () => z.ZodMiniType>>;
type Issue = Pick<z.core.$ZodIssue, 'path'> & { readonly code: string; readonly keys?: readonly string[] };

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
    throw new RetryConfigError(
      [...path, key].join('.'),
      value,
      `only ${knownKeys(path, Object.keys(shape), accepted, given)}`,
    );
  }
  const expected =
    accepted[path.join('.')] ?? accepted[path.slice(0, 2).join('.')] ?? accepted[path[0] ?? ''];
  throw new RetryConfigError(path.join('.'), given, expected ?? 'an object of retry options');
}

/** Name by name, so that only the schemas of what was given are made: that of everything takes several ms. */
function firstIssue(shape: Shape, options: unknown): Issue | undefined {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    return { code: 'invalid_type', path: [] };
  }
  for (const [name, make] of Object.entries(shape)) {
    const value = (options as Record<string, unknown>)[name];
    if (value === undefined) continue;
    // For zod it would be an object without members.
    if (value instanceof Map) return { code: 'invalid_type', path: [name] };
    const { error } = make().safeParse(value);
    if (!error) continue;
    const issue = explainUnion(error.issues[0] as z.core.$ZodIssue);
    return { ...issue, path: [name, ...issue.path] };
  }
  for (const key in options) {
    if (!Object.hasOwn(shape, key)) return { code: 'unrecognized_keys', path: [], keys: [key] };
  }
  return undefined;
}

/**
 * What a union refused, said by the member that looked inside: the others only say that it is no object at all, or of
 * another kind.
 */
function explainUnion(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const ofItsKind = issue.errors.filter((issues) => !issues.some(({ path }) => path[0] === 'kind')).flat();
  const cause =
    ofItsKind.find(({ code }) => code === 'unrecognized_keys') ??
    [...ofItsKind, ...issue.errors.flat()].find(({ path }) => path.length > 0);
  return cause ? { ...cause, path: [...issue.path, ...cause.path] } : issue;
}

function knownKeys(
  path: string[],
  names: readonly string[],
  accepted: Readonly<Record<string, string>>,
  given: unknown,
): string {
  if (path.length === 0) return names.join(', ');
  const prefix = `${path.join('.')}.`;
  if (prefix === 'hooks.') return HOOKS.join(', ');
  if (prefix === 'budget.') {
    const { kind } = given as { readonly kind?: unknown };
    return kind === 'tokens'
      ? 'kind, capacity, cost, throttledCost, refund, threshold'
      : 'kind, ratio, minPerSecond, window';
  }
  return Object.keys(accepted)
    .filter((name) => name.startsWith(prefix) && !name.includes('.', prefix.length))
    .map((name) => name.slice(prefix.length))
    .join(', ');
}
