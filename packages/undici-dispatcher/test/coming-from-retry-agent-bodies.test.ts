// Bodies with undici's RetryAgent and with ours: those that are sent, and those that break off.
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { request } from 'undici';
import { describe, expect, test } from 'vitest';

import { status, type Answer } from '../../fetch-adapter/test/servers/flaky-server.ts';
import {
  codeOf,
  ending,
  isCompared,
  ours,
  serverOf,
  theirs,
  type RequestOptions,
} from './servers/retry-agent-side-by-side.ts';

/** Half of a download, then the end of the connection; then the other half. */
function halves(headers: Record<string, string>): Answer[] {
  return [
    (response) => {
      response.writeHead(200, { ...headers, 'content-length': 10 });
      response.write('first', () => response.socket?.destroy());
    },
    status(206, { ...headers, 'content-range': 'bytes 5-9/10', 'content-length': '5' }, 'other'),
  ];
}

describe.runIf(isCompared)('bodies', () => {
  const bodies: [string, () => NonNullable<RequestOptions['body']>][] = [
    ['a Readable', () => Readable.from(['one ', 'two'])],
    [
      'an async generator',
      async function* generate() {
        yield 'one ';
        yield 'two';
      } as never,
    ],
  ];

  test.each(['text', Buffer.from('text')])('text and bytes are sent again by both', async (body) => {
    for (const dispatcher of [theirs(), ours()]) {
      await using server = await serverOf([503, 200]);
      await (await request(server.url, { method: 'PUT', body, dispatcher })).body.dump();
      expect(server.requests.map((sent) => sent.body.toString())).toEqual(['text', 'text']);
      await dispatcher.close();
    }
  });

  test.each(bodies)('%s is sent again whole here, and empty or not at all there', async (name, body) => {
    await using old = await serverOf([503, 200]);
    const there = theirs();
    const end = await request(old.url, { method: 'PUT', body: body(), dispatcher: there }).then(
      ({ statusCode }) => statusCode,
      codeOf,
    );
    expect([end, old.requests.map((sent) => sent.body.toString())]).toEqual(
      name === 'a Readable' ? ['UND_ERR_REQ_RETRY', ['one two']] : [200, ['one two', '']],
    );
    await there.destroy();
    await using own = await serverOf([503, 200]);
    const here = ours();
    const response = await request(own.url, { method: 'PUT', body: body(), dispatcher: here });
    await response.body.dump();
    expect(own.requests.map((sent) => sent.body.toString())).toEqual(['one two', 'one two']);
    await here.close();
  });
});

describe.runIf(isCompared)('a download that breaks off', () => {
  const whole = '200 firstother after 2';
  const broken = '200 UND_ERR_SOCKET after 1';

  test('is continued there, and here with resume: true', async () => {
    const answers = halves({ etag: '"v1"' });
    expect(await ending(answers, theirs())).toBe(whole);
    expect(await ending(answers, ours())).toBe(broken);
    expect(await ending(answers, ours({ resume: true }))).toBe(whole);
  });

  test('without a validator it is continued there, which may mix two versions; here never', async () => {
    expect(await ending(halves({}), theirs())).toBe(whole);
    expect(await ending(halves({}), ours({ resume: true }))).toBe(broken);
  });

  test('of a Range of the caller is continued there, and not here', async () => {
    const answers = (): Answer[] => [
      (response) => {
        const range = { 'content-length': 7, 'content-range': 'bytes 2-8/10', etag: '"v1"' };
        response.writeHead(206, range);
        response.write('cde', () => response.socket?.destroy());
      },
      status(206, { etag: '"v1"', 'content-range': 'bytes 5-8/10', 'content-length': '4' }, 'fghi'),
    ];
    const headers = { range: 'bytes=2-8' };
    expect(await ending(answers(), theirs(), { headers })).toBe('206 cdefghi after 2');
    expect(await ending(answers(), ours({ resume: true }), { headers })).toBe('206 UND_ERR_SOCKET after 1');
  });

  test('with If-Match there, with If-Range here', async () => {
    for (const [dispatcher, header] of [
      [theirs(), 'if-match'],
      [ours({ resume: true }), 'if-range'],
    ] as const) {
      await using server = await serverOf(halves({ etag: '"v1"' }));
      const { body } = await request(server.url, { dispatcher });
      expect(await text(body)).toBe('firstother');
      expect(server.requests[1]?.headers).toMatchObject({ [header]: '"v1"' });
      await dispatcher.close();
    }
  });
});
