/** Headers as they stand on the wire: names and values in turn. */

import type { IncomingHttpHeaders } from 'node:http';

import type { Dispatcher } from 'undici';

/** As they came, or put together from what was parsed: each value of a list under its own name. */
export function rawHeaders(
  given: Dispatcher.DispatchController['rawHeaders'],
  parsed: IncomingHttpHeaders,
): Buffer[] {
  if (Array.isArray(given)) return given.map((part) => Buffer.from(part as string, 'latin1'));
  return Object.entries(parsed).flatMap(([name, value]) =>
    [value ?? []].flat().flatMap((each) => [Buffer.from(name, 'latin1'), Buffer.from(each, 'latin1')]),
  );
}
