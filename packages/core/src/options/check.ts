/** Checks a value against a schema, and says what is wrong in words that people use. */

import type * as z from 'zod/mini';

import { RetryConfigError } from '../errors.ts';

/**
 * Checks a value against a schema.
 *
 * @param accepted words for each path, in a message
 * @throws RetryConfigError that names the first path that is wrong, what was given and what is accepted.
 */
export function check<T>(
  schema: z.ZodMiniType<T, unknown>,
  options: unknown,
  names: readonly string[],
  accepted: Readonly<Record<string, string>>,
): T {
  const { error } = schema.safeParse(options);
  // What was given is used, not zod's copy of it: a clock or a hook keeps its identity.
  if (!error) return options as T;
  const issue = explainUnion(error.issues[0] as z.core.$ZodIssue);
  const path = issue.path.map(String);
  const given = path.reduce(
    (value: unknown, key) => (value as Record<string, unknown> | undefined)?.[key],
    options,
  );
  if (issue.code === 'unrecognized_keys') {
    const key = String(issue.keys[0]);
    const value = (given as Record<string, unknown>)[key];
    throw new RetryConfigError(
      [...path, key].join('.'),
      value,
      `only ${knownKeys(path, names, accepted, given)}`,
    );
  }
  const words = accepted[path.join('.')] ?? accepted[path.slice(0, 2).join('.')] ?? accepted[path[0] ?? ''];
  throw new RetryConfigError(path.join('.'), given, words ?? 'an object of retry options');
}

/** What a union refused, said by the member that looked inside: the others only say that it is no object at all. */
function explainUnion(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors.flat();
  const cause =
    inner.find(({ code }) => code === 'unrecognized_keys') ?? inner.find(({ path }) => path.length > 0);
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
  if (prefix === 'hooks.') {
    return 'onAttempt, onRetry, beforeRetry, onSuccess, onGiveUp and onCircuitChange';
  }
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
