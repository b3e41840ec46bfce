/** Headers as they stand on the wire: names and values in turn. */

import type { IncomingHttpHeaders } from 'node:http';

import type { Dispatcher } from 'undici';
import { util } from 'undici';

/** An undici without raw headers reads values as UTF-8, others as Latin-1. */
const ENCODING = util.parseHeaders([Buffer.from('a'), Buffer.from('é')])['a'] === 'é' ? 'utf8' : 'latin1';

/** As they came, or put together from what was parsed: each value of a list under its own name. */
export function rawHeaders(
  given: Dispatcher.DispatchController['rawHeaders'],
  parsed: IncomingHttpHeaders,
): Buffer[] {
  if (Array.isArray(given)) return given.map((part) => Buffer.from(part as string, 'latin1'));
  return Object.entries(parsed).flatMap(([name, value]) => {
    // Beside a length every undici reads this one as Latin-1.
    const encoding = name === 'content-disposition' && 'content-length' in parsed ? 'latin1' : ENCODING;
    return [value ?? []].flat().flatMap((each) => [Buffer.from(name, 'latin1'), Buffer.from(each, encoding)]);
  });
}
