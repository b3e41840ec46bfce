// resume: true. What keeps a download from being continued: bytes of two versions are never mixed.
import { request } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, status } from '../../fetch-adapter/test/servers/flaky-server.ts';
import type { Answer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { content, part, STRONG } from './servers/download-server.ts';
import type { Part } from './servers/download-server.ts';
import { failureOf, retryingAgent } from './servers/retrying-agents.ts';
import type { OwnDispatcher } from './servers/retrying-agents.ts';

const resuming = (): OwnDispatcher => retryingAgent({ resume: true, maxAttempts: 4 });

/** The bytes that came, and the error after them. */
async function readUntilBroken(
  url: string,
  options: OwnDispatcher,
): Promise<[Buffer, { code?: string } | undefined]> {
  const { body } = await request(url, options);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of body) chunks.push(chunk as Buffer);
  } catch (error) {
    return [Buffer.concat(chunks), error as { code?: string }];
  }
  return [Buffer.concat(chunks), undefined];
}

const other = Buffer.from(content.toReversed());

describe('EDGE 41: a continuation is refused that is', () => {
  it.each<[string, Answer]>([
    ['another version by its ETag', part({ headers: { etag: '"v2"' }, entity: other })],
    ['encoded', part({ headers: { ...STRONG, 'content-encoding': 'gzip' } })],
    ['the whole entity', part({ status: 200 })],
    ['the whole entity of another version', part({ status: 200, headers: { etag: '"v2"' }, entity: other })],
    ['another range', part({ contentRange: 'bytes 7-4999/5000', bytes: content.subarray(7) })],
    ['of another length', part({ contentRange: 'bytes 2000-5999/6000' })],
    ['without a Content-Range', part({ contentRange: '' })],
    ['with a Content-Range that is none', part({ contentRange: 'pages 2-4/5' })],
    ['multipart', status(206, { ...STRONG, 'content-type': 'multipart/byteranges; boundary=x' }, '--x--')],
    ['a 416 of another length', status(416, { ...STRONG, 'content-range': 'bytes */1999' })],
    ['a 416 without a length', status(416, STRONG)],
    ['a 404', status(404)],
    ['a 204', status(204, {}, '')],
  ])('%s', async (_, answer) => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), answer);
    await using own = resuming();
    const [bytes, error] = await readUntilBroken(server.url, own);
    expect(error).toMatchObject({
      code: 'TENAX_RESUME_REFUSED',
      cause: { code: 'UND_ERR_SOCKET' },
      statistics: {
        result: expect.stringMatching(/^(?:success|non_retryable_error)$/),
        attempts: [{ failureClass: 'transport' }, { attemptNumber: 2 }],
      },
    });
    expect(bytes).toEqual(content.subarray(0, 2000));
    expect(server.requests).toHaveLength(2);
  });

  it('another version by its Last-Modified, where that is the validator', async () => {
    const dated = (modified: string): Record<string, string> => ({
      'last-modified': modified,
      date: 'Wed, 03 Jan 2024 00:00:00 GMT',
    });
    await using server = await flakyServer(
      part({ breakAfter: 2000, headers: dated('Mon, 01 Jan 2024 00:00:00 GMT') }),
      part({ headers: dated('Tue, 02 Jan 2024 00:00:00 GMT'), entity: other }),
    );
    await using own = resuming();
    const [bytes, error] = await readUntilBroken(server.url, own);
    expect(error).toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
    expect(bytes).toEqual(content.subarray(0, 2000));
  });

  it('refused gives its connection back', async () => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part({ status: 200 }), ok);
    await using own = retryingAgent({ resume: true }, { connections: 1 });
    await readUntilBroken(server.url, own);
    expect(await (await request(server.url, own)).body.text()).toBe('ok');
  });
});

describe('EDGE 41: a length that lies', () => {
  it.each<[string, Part]>([
    [
      'a continuation that gives only a part of the rest',
      { contentRange: 'bytes 2000-2999/5000', bytes: content.subarray(2000, 3000) },
    ],
    ['a continuation that gives less than its Content-Range says', { bytes: content.subarray(2000, 3000) }],
  ])('%s never ends the body as if it were whole', async (_, given) => {
    await using server = await flakyServer(part({ breakAfter: 2000 }), part(given), part());
    await using own = resuming();
    const [bytes, error] = await readUntilBroken(server.url, own);
    expect(content.subarray(0, bytes.length)).toEqual(bytes);
    expect(error !== undefined || bytes.length === content.length).toBe(true);
  });

  it('a continuation that gives more than is missing never makes the body longer', async () => {
    const bytes = Buffer.concat([content.subarray(2000), Buffer.from('more')]);
    await using server = await flakyServer(part({ breakAfter: 2000 }), part({ bytes }), part());
    await using own = resuming();
    const [read] = await readUntilBroken(server.url, own);
    expect(read.length).toBeLessThanOrEqual(content.length);
    expect(content.subarray(0, read.length)).toEqual(read);
  });

  it('a continuation that gives more than its Content-Range says is no mixture, where other parts are missing', async () => {
    const bytes = Buffer.concat([content.subarray(2000, 3000), other.subarray(3000)]);
    const answer = part({ contentRange: 'bytes 2000-2999/5000', bytes });
    await using server = await flakyServer(part({ breakAfter: 2000 }), answer);
    await using own = resuming();
    const [read, error] = await readUntilBroken(server.url, own);
    expect(error).toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
    expect(content.subarray(0, read.length)).toEqual(read);
  });

  it.each<[string, number, Answer[]]>([
    ['its Content-Length', 2000, [part({ breakAfter: 2000 })]],
    [
      'a Content-Range',
      3000,
      [part({ breakAfter: 2000, contentLength: 'chunked' }), part({ breakAfter: 1000 })],
    ],
  ])('a 416 never ends a body that is shorter than %s has said', async (_, length, answers) => {
    const complete = status(416, { ...STRONG, 'content-range': `bytes */${length}` }, '');
    await using server = await flakyServer(...answers, complete);
    await using own = resuming();
    const [bytes, error] = await readUntilBroken(server.url, own);
    expect(error).toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
    expect(bytes).toEqual(content.subarray(0, length));
  });

  it('a 416 of another version never ends a body, though that is as long as what has come', async () => {
    await using server = await flakyServer(
      part({ breakAfter: 2000, contentLength: 'chunked' }),
      status(416, { etag: '"v2"', 'content-range': 'bytes */2000' }, ''),
    );
    await using own = resuming();
    const [bytes, error] = await readUntilBroken(server.url, own);
    expect(error).toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
    expect(bytes).toEqual(content.subarray(0, 2000));
  });

  it('a continuation whose Content-Length says more than comes breaks off, and is continued', async () => {
    await using server = await flakyServer(
      part({ breakAfter: 2000 }),
      part({ breakAfter: 1000, contentLength: 9000, contentRange: 'bytes 2000-4999/5000' }),
      part(),
    );
    await using own = resuming();
    const [bytes, error] = await readUntilBroken(server.url, own);
    expect(content.subarray(0, bytes.length)).toEqual(bytes);
    expect(error !== undefined || bytes.length === content.length).toBe(true);
  });
});

describe('EDGE 41: a body that is complete', () => {
  it('ends well when the server says with 416 that nothing is missing', async () => {
    const complete = status(416, { ...STRONG, 'content-range': 'bytes */5000' }, '');
    await using server = await flakyServer(part({ breakAfter: 5000, contentLength: 'chunked' }), complete);
    await using own = resuming();
    const [bytes, error] = await readUntilBroken(server.url, own);
    expect([bytes.equals(content), error]).toEqual([true, undefined]);
    expect(server.requests[1]?.headers.range).toBe('bytes=5000-');
  });

  it('ends well when nothing but the end of its last part was lost: all of the bytes are there', async () => {
    const rest = part({ breakAfter: 3000, contentLength: 'chunked' });
    await using server = await flakyServer(part({ breakAfter: 2000 }), rest);
    await using own = resuming();
    const [bytes, error] = await readUntilBroken(server.url, own);
    expect([bytes.equals(content), error, server.requests.length]).toEqual([true, undefined, 2]);
  });
});

describe('a response is not continued', () => {
  const broken = (given: Part = {}): Answer => part({ ...given, breakAfter: 2000 });

  it.each<[string, Answer, Partial<Dispatcher.RequestOptions>]>([
    ['without a validator', broken({ headers: {} }), {}],
    ['with a weak ETag', broken({ headers: { etag: 'W/"v1"' } }), {}],
    ['with a content-encoding', broken({ headers: { ...STRONG, 'content-encoding': 'gzip' } }), {}],
    [
      'with a Last-Modified of the same second',
      broken({
        headers: { date: 'Mon, 03 Jun 2019 11:00:00 GMT', 'last-modified': 'Mon, 03 Jun 2019 11:00:00 GMT' },
      }),
      {},
    ],
    ['with a status other than 200', broken({ status: 203 }), {}],
    ['to a POST', broken(), { method: 'POST' }],
    ['to a PUT', broken(), { method: 'PUT' }],
    ['to a Range of the caller', broken(), { headers: { Range: 'bytes=0-' } }],
    ['to a Range in a flat list', broken(), { headers: ['range', 'bytes=0-'] }],
  ])('%s', async (_, answer, options) => {
    await using server = await flakyServer(answer, part());
    await using own = resuming();
    const { body } = await request(server.url, { ...own, ...options });
    expect(await failureOf(body.arrayBuffer())).toMatchObject({ code: 'UND_ERR_SOCKET' });
    expect(server.requests).toHaveLength(1);
  });
});
