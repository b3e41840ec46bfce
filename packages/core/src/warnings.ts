/** Reports a fault in the user's own callbacks, once each, without breaking a request. */

import { systemRandom } from './clock.ts';
import type { Random } from './clock.ts';
import { describeValue } from './errors.ts';

const reported = new WeakSet<object>();

/** Whether a callback of the user's is asynchronous, by what it returned. */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

/** Takes the rejection of a promise that nobody will look at. */
export function silence(value: unknown): void {
  if (isPromiseLike(value)) void Promise.resolve(value).catch(() => undefined);
}

/** A number from a random source of the user's; from `Math.random` where that throws, or says what is no share. */
export function shareOf(random: Random): number {
  try {
    const share: unknown = random();
    if (typeof share === 'number' && share >= 0 && share <= 1) return share;
    warnOfAnswer(random, 'random', share, 'a number from 0 to below 1; Math.random is used');
  } catch (error) {
    warnOnce(random, 'random threw; Math.random is used', error);
  }
  return systemRandom();
}

interface ProcessScope {
  process?: {
    emitWarning?: (message: string, options: { type: string; code: string; detail?: string }) => void;
  };
}

/**
 * Says once for each `callback` that it misbehaved: through `process.emitWarning` where there is one, through
 * `console.warn` elsewhere.
 */
export function warnOnce(callback: object, message: string, cause?: unknown): void {
  if (reported.has(callback)) return;
  reported.add(callback);
  const detail = describeCause(cause);
  const { process } = globalThis as ProcessScope;
  if (typeof process?.emitWarning === 'function') {
    process.emitWarning(message, { type: 'TenaxWarning', code: 'TENAX_CALLBACK', ...(detail && { detail }) });
  } else {
    console.warn(`TenaxWarning: ${message}${detail && `\n${detail}`}`);
  }
}

/** Says once for each `callback` that what it returned is nothing that can be used. */
export function warnOfAnswer(callback: object, name: string, answer: unknown, accepted: string): void {
  silence(answer);
  warnOnce(callback, `${name} returned ${describeValue(answer)}, accepted: ${accepted}`);
}

function describeCause(cause: unknown): string {
  if (cause === undefined) return '';
  try {
    return cause instanceof Error ? (cause.stack ?? cause.message) : describeValue(cause);
  } catch {
    // A getter or a proxy that throws when it is looked at.
    return 'an object';
  }
}
