/** An attempt of a script as a list of events, and when each of them is due. */

import type { Attempt, Response } from './script.ts';

type What =
  | { readonly kind: 'start' | 'sent' | 'first byte' | 'interim' | 'end' }
  | { readonly kind: 'headers'; readonly status: number; readonly headers: Record<string, string> }
  | { readonly kind: 'chunk'; readonly chunk: Buffer }
  | {
      readonly kind: 'failure';
      readonly code: string;
      readonly how: 'reset' | 'truncated' | 'stalled';
    };

/** What happens, and how many ms after the dispatch. */
export type Event = What & { readonly at: number };

/** ms for which undici waits for headers, or for more of a body. */
export const SILENCE = 4000;

type Body = Pick<Extract<Event, { kind: 'headers' }>, 'status' | 'headers'> & {
  readonly bytes: Buffer;
};

/** The events of an attempt. `offset` is the first byte that the request asked for, where it had a Range. */
export function timelineOf(attempt: Attempt, entity: Buffer, offset: number | undefined): Event[] {
  const events: Event[] = [];
  let [at, turn] = [0, 0];
  const add = (event: What, after?: number): void => {
    at += after ?? (attempt.delivery === 'timers' ? (attempt.delays[turn % attempt.delays.length] ?? 0) : 0);
    turn += 1;
    events.push({ ...event, at });
  };
  const fail = (code: string, how: 'reset' | 'truncated' | 'stalled' = 'reset'): void => {
    add({ kind: 'failure', code, how }, how === 'stalled' ? SILENCE : undefined);
  };
  const addBody = (response: Response): void => {
    const { bytes, headers, status } = bodyOf(response, entity, offset);
    add({ kind: 'headers', status, headers });
    const chunks = cut(bytes, response.cuts);
    const sent = response.ending === 'end' ? chunks : chunks.slice(0, response.chunksBeforeEnding);
    for (const chunk of sent) add({ kind: 'chunk', chunk });
    // Where the length is known, the last byte is the end.
    const isWhole = Buffer.concat(sent).length === bytes.length;
    if (response.ending === 'end' || (response.contentLength && isWhole)) {
      add({ kind: 'end' });
    } else if (response.ending === 'stalled') fail('UND_ERR_BODY_TIMEOUT', 'stalled');
    else if (response.ending === 'truncated') fail('UND_ERR_SOCKET', 'truncated');
    else fail('ECONNRESET');
  };

  if (attempt.kind === 'refused') fail('ECONNREFUSED');
  else if (attempt.kind === 'lost before its start') fail('ECONNRESET');
  else {
    add({ kind: 'start' });
    if (attempt.restarted) add({ kind: 'start' });
    add({ kind: 'sent' });
    if (attempt.delivery !== 'mock' && (attempt.kind !== 'reset' || attempt.interim > 0))
      add({ kind: 'first byte' });
    for (let count = 0; count < attempt.interim; count += 1) add({ kind: 'interim' });
    if (attempt.kind === 'response') addBody(attempt);
    else if (attempt.kind === 'reset') fail('ECONNRESET');
    else fail('UND_ERR_HEADERS_TIMEOUT', 'stalled');
  }
  return events;
}

/** The body that belongs to a status. */
export function wholeBody(status: number, entity: Buffer): Buffer {
  return status === 200 || status === 206 ? entity : Buffer.from(`status ${status}, `.repeat(6));
}

function bodyOf(response: Response, entity: Buffer, offset: number | undefined): Body {
  const { contentLength, continuation, etag, retryAfter, status } = response;
  const send = (code: number, bytes: Buffer, more: Record<string, string> = {}): Body => ({
    status: code,
    bytes,
    headers: {
      ...(contentLength && { 'content-length': String(bytes.length) }),
      ...(response.acceptRanges && { 'accept-ranges': 'bytes' }),
      ...(retryAfter !== undefined && { 'retry-after-ms': retryAfter }),
      ...(etag !== undefined && { etag }),
      ...more,
    },
  });
  const whole = wholeBody(status, entity);
  if (status !== 206 || offset === undefined) return send(status, whole);
  if (offset >= entity.length)
    return send(416, Buffer.alloc(0), { 'content-range': `bytes */${entity.length}` });
  const rest = entity.subarray(offset);
  const range = (first: number, last: number, length: number | '*') => ({
    'content-range': `bytes ${first}-${last}/${length}`,
  });
  const last = entity.length - 1;
  switch (continuation) {
    case 'another range':
      return send(206, entity, range(offset + 1, last, entity.length));
    case 'no range':
      return send(206, rest);
    case 'another entity':
      return send(206, rest, { ...range(offset, last, entity.length), etag: '"v2"' });
    case 'another length':
      return send(206, rest, range(offset, last, entity.length + 1));
    case 'no length':
      return send(206, rest, range(offset, last, '*'));
    case 'too few bytes':
      return send(206, half(rest), range(offset, last, entity.length));
    case 'too many bytes':
      return send(206, Buffer.concat([rest, rest]), range(offset, last, entity.length));
    case 'only a part':
      return send(206, half(rest), range(offset, offset + half(rest).length - 1, entity.length));
    default:
      return send(206, rest, range(offset, last, entity.length));
  }
}

function half(bytes: Buffer): Buffer {
  return bytes.subarray(0, Math.ceil(bytes.length / 2));
}

function cut(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = cuts.map((place) => Math.round((place * bytes.length) / 1000)).toSorted((a, b) => a - b);
  const starts = [0, ...places];
  return starts.map((start, index) => bytes.subarray(start, starts[index + 1] ?? bytes.length));
}
