/** The config of an attempt: a copy, and how the caller's own takes its place in what the attempt ended with. */

import type { AxiosError, AxiosResponse, InternalAxiosRequestConfig } from 'axios';

/** A copy with the prototype of the original, for axios 1.21 gives configs none, and hides `hasOwnProperty` in them. */
export function copyOf(config: InternalAxiosRequestConfig): InternalAxiosRequestConfig {
  const bare = Object.create(Object.getPrototypeOf(config) as object | null) as InternalAxiosRequestConfig;
  const copy = Object.assign(bare, config);
  if (!Object.hasOwn(config, 'hasOwnProperty')) return copy;
  const hidden = { ...Object.getOwnPropertyDescriptor(config, 'hasOwnProperty'), enumerable: false };
  return Object.defineProperty(copy, 'hasOwnProperty', hidden);
}

/**
 * Sets the headers that an attempt adds: those of `beforeRetry`, `attemptHeaders` and a key of ours. Over a `false` too,
 * which axios keeps: a POST with a key of ours would be sent again without it.
 */
export function setHeaders(headers: InternalAxiosRequestConfig['headers'], added: Headers | undefined): void {
  added?.forEach((value, name) => {
    headers.set(name, value, true);
  });
}

/** Errors may be anything, a proxy that throws when it is looked at too. */
export function responseIn(error: unknown): AxiosResponse<unknown> | undefined {
  try {
    return (error as Partial<AxiosError> | undefined | null)?.response;
  } catch {
    return undefined;
  }
}

export function replaceConfig(
  result: unknown,
  sent: InternalAxiosRequestConfig,
  config: InternalAxiosRequestConfig,
): void {
  try {
    const holder = result as { config?: InternalAxiosRequestConfig } | undefined;
    if (holder?.config === sent) holder.config = config;
  } catch {
    // An error of `validateStatus` may be anything too.
  }
}
