/** The body of a response in an error, before axios has transformed it. */

import type { AxiosResponse } from 'axios';

const untransformed = new WeakMap<object, unknown>();

/** Those who are asked about an error find its `data` as the caller would; made when it is first read. */
export function showTransformed(response: AxiosResponse<unknown>, transform: () => unknown): void {
  try {
    if (untransformed.has(response) || !Object.hasOwn(response, 'data')) return;
    const { data } = response;
    let made: { readonly data: unknown } | undefined;
    Object.defineProperty(response, 'data', {
      get: () => (made ??= { data: transform() }).data,
      set: (value: unknown) => {
        putBack(response, value);
      },
      enumerable: true,
      configurable: true,
    });
    untransformed.set(response, data);
  } catch {
    // A frozen one, of an adapter of the user's.
  }
}

/** Nobody is asked any more: axios is to transform it for the caller. */
export function hideTransformed(response: AxiosResponse<unknown> | undefined): void {
  if (response && untransformed.has(response)) putBack(response, untransformed.get(response));
}

/** What the adapter gave. */
export function dataOf(response: AxiosResponse<unknown>): unknown {
  return untransformed.has(response) ? untransformed.get(response) : response.data;
}

function putBack(response: AxiosResponse<unknown>, value: unknown): void {
  try {
    Object.defineProperty(response, 'data', { value, writable: true, enumerable: true, configurable: true });
    untransformed.delete(response);
  } catch {
    // Somebody has frozen it meanwhile.
  }
}
