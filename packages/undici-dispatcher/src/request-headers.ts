/** The headers of a request, in every form that undici takes. */

import { Headers as UndiciHeaders } from 'undici';

import type { DispatchOptions } from './protocol.ts';

type Headers = DispatchOptions['headers'];

/** The same headers, for attempts that come later: an iterator gives them once, and their owner may change them. */
export function keptHeaders(headers: Headers & {}): Headers & {} {
  if (typeof headers !== 'object') return headers;
  if (Array.isArray(headers)) return [...headers];
  if (!(Symbol.iterator in headers)) return { ...headers };
  const iterable = headers as Iterable<[string, string]>;
  const Kind: unknown = headers.constructor;
  // An interceptor further in may expect the kind that its caller gave. Node loads its `Headers` when they are asked for.
  if (Kind === Map || Kind === UndiciHeaders || Kind === globalThis.Headers)
    return new (Kind as MapConstructor)(iterable);
  const iterator: unknown = iterable[Symbol.iterator]();
  return iterator === iterable ? new Set(iterable) : iterable;
}

/** Whether a header is among them. undici sends none whose value is `undefined` or an empty list. */
export function hasHeader(headers: Headers, name: string): boolean {
  const given = pairs(headers) ?? [];
  return given.some(
    ([key, value]) => key.toLowerCase() === name && [value].flat().some((one) => one !== undefined),
  );
}

/**
 * The headers with others set over them, as names and values in turn. They are set anew for each attempt, never
 * appended. What is no headers stays as it is: undici says what is wrong with it.
 */
export function withHeaders(headers: Headers, over: Iterable<readonly [string, string]>): Headers & {} {
  const given = pairs(headers);
  if (given === undefined) return headers as Headers & {};
  const set = [...over];
  const names = new Set(set.map(([name]) => name));
  const kept = given.filter(([name]) => !names.has(name.toLowerCase()));
  // A value may be a list: its type says only what most are.
  return [...kept, ...set].flat(1) as string[];
}

type Pair = readonly [string, unknown];

/** `undefined` for what undici refuses. */
function pairs(headers: unknown): readonly Pair[] | undefined {
  if (headers === undefined || headers === null) return [];
  if (typeof headers !== 'object') return undefined;
  const entries = entriesOf(headers);
  return entries.every(isPair) ? entries : undefined;
}

function entriesOf(headers: object): readonly unknown[] {
  if (Array.isArray(headers)) {
    return Array.from({ length: Math.ceil(headers.length / 2) }, (_, index): unknown =>
      headers.slice(2 * index, 2 * index + 2),
    );
  }
  return Symbol.iterator in headers ? [...(headers as Iterable<unknown>)] : Object.entries(headers);
}

function isPair(entry: unknown): entry is Pair {
  return Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string';
}
