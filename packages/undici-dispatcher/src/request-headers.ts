/** The headers of a request, in every form that undici takes. */

import type { DispatchOptions } from './protocol.ts';

type Headers = DispatchOptions['headers'];

/** The same headers, for attempts that come later: an iterator gives them once, and their owner may change them. */
export function keptHeaders(headers: Headers & {}): Headers & {} {
  if (typeof headers !== 'object') return headers;
  if (Array.isArray(headers)) return [...headers];
  if (!(Symbol.iterator in headers)) return { ...headers };
  const iterable = headers as Iterable<[string, string]>;
  const iterator: unknown = iterable[Symbol.iterator]();
  return iterator === iterable ? new Set(iterable) : iterable;
}

/** Whether a header is among them. */
export function hasHeader(headers: Headers, name: string): boolean {
  return pairs(headers).some(([key]) => key.toLowerCase() === name);
}

/**
 * The headers with others set over them, as names and values in turn. They are set anew for each attempt, never
 * appended.
 */
export function withHeaders(headers: Headers, over: Iterable<readonly [string, string]>): string[] {
  const set = [...over];
  const names = new Set(set.map(([name]) => name));
  const kept = pairs(headers).filter(([name]) => !names.has(name.toLowerCase()));
  // A value may be a list: its type says only what most are.
  return [...kept, ...set].flat(1) as string[];
}

function pairs(headers: Headers): (readonly [string, unknown])[] {
  if (!headers) return [];
  if (Array.isArray(headers)) {
    const flat = headers as readonly unknown[];
    return Array.from({ length: flat.length / 2 }, (_, index) => [
      String(flat[2 * index]),
      flat[2 * index + 1],
    ]);
  }
  if (Symbol.iterator in headers) {
    return Array.from(headers as Iterable<readonly [string, unknown]>, ([name, value]) => [name, value]);
  }
  return Object.entries(headers);
}
