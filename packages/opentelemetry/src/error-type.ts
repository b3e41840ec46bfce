/** `error.type`: what kind of failure it was, in one word of a bounded set. */

import type { AttemptRecord, ErrorSummary, ObservedEnd } from '@tenax/core';

import { OTHER } from './names.ts';

/** What a code or a class is called; anything else may be a text of the user's. */
const IDENTIFIER = /^[\w$.:/-]{1,80}$/u;
const FIRST_ERROR_STATUS = 400;

/** `undefined` where the attempt did not fail: one that a hedge overtook did not. */
export function attemptErrorType(record: AttemptRecord): string | undefined {
  const { error, failureClass, reason, status } = record;
  if (failureClass === undefined || reason === 'hedge_lost') return undefined;
  if (error) return errorType(error);
  return status !== undefined && status >= FIRST_ERROR_STATUS ? String(status) : failureClass;
}

/** `undefined` where the caller got what it asked for. */
export function operationErrorType(end: ObservedEnd): string | undefined {
  const { statistics } = end;
  if (statistics?.result === 'success') return undefined;
  // One client throws for a status and another does not: what failed is the same.
  const decisive = statistics?.attempts.findLast(({ reason }) => reason === statistics.reason);
  const type = decisive && attemptErrorType(decisive);
  return type ?? ('error' in end ? errorType(describe(end.error)) : end.statistics.result);
}

function errorType({ code, name }: Partial<Record<keyof ErrorSummary, unknown>>): string {
  for (const word of [code, name]) if (typeof word === 'string' && IDENTIFIER.test(word)) return word;
  return OTHER;
}

/** Anything can be thrown, and reading it may throw in turn. */
function describe(error: unknown): { readonly code?: unknown; readonly name?: unknown } {
  try {
    const { code, name } = error as { code?: unknown; name?: unknown };
    return { code, name };
  } catch {
    return {};
  }
}
