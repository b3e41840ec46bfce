/** What spans say of a request. */

import type { Attributes } from '@opentelemetry/api';
import type { ObservedOperation } from '@tenax/core';

import {
  HTTP_REQUEST_METHOD,
  HTTP_REQUEST_METHOD_ORIGINAL,
  OTHER,
  SERVER_ADDRESS,
  SERVER_PORT,
  URL_FULL,
} from './names.ts';

/** RFC 9110, with PATCH (RFC 5789) and QUERY. */
const KNOWN_METHODS: ReadonlySet<string> = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'QUERY',
  'TRACE',
]);
const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** Whether the operation is a request of a client, and no function of the user's. */
export function isRequest({ method, url }: ObservedOperation): boolean {
  return method !== undefined && url !== undefined;
}

/** The method as a span's name has it; `undefined` for an operation that is not one HTTP request. */
export function methodName({ method }: ObservedOperation): string | undefined {
  return method === undefined || KNOWN_METHODS.has(method) ? method : 'HTTP';
}

/** The attributes that the operation and its attempts share. */
export function requestAttributes({ method, url }: ObservedOperation): Attributes {
  return { ...methodAttributes(method), ...urlAttributes(url) };
}

function methodAttributes(method: string | undefined): Attributes {
  if (method === undefined) return {};
  if (KNOWN_METHODS.has(method)) return { [HTTP_REQUEST_METHOD]: method };
  return { [HTTP_REQUEST_METHOD]: OTHER, [HTTP_REQUEST_METHOD_ORIGINAL]: method };
}

function urlAttributes(url: string | undefined): Attributes {
  if (url === undefined) return {};
  const { hostname, port, protocol } = new URL(url);
  const number = port === '' ? DEFAULT_PORTS[protocol] : Number(port);
  return {
    [URL_FULL]: url,
    // The conventions write an IPv6 address without its brackets.
    [SERVER_ADDRESS]: hostname.replace(/^\[(.*)\]$/u, '$1'),
    ...(number !== undefined && { [SERVER_PORT]: number }),
  };
}
