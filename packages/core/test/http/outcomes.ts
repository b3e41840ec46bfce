/** Outcomes, as an adapter would describe them. */

import type { ErrorOutcome, HeaderReader, ResponseOutcome } from '../../src/outcome.ts';

export const headersOf = (headers: Record<string, string> = {}): HeaderReader => new Headers(headers);

export const response = (status: number, headers: Record<string, string> = {}): ResponseOutcome => ({
  kind: 'response',
  status,
  headers: headersOf(headers),
  text: () => Promise.resolve(''),
  json: () => Promise.resolve(undefined),
});

export const failure = (error: unknown): ErrorOutcome => ({ kind: 'error', error });

/** An error with a code, and whatever else a client puts on it. */
export const coded = (code: string, fields: Record<string, unknown> = {}): Error =>
  Object.assign(new Error(code), { code, ...fields });
