// HTTP/2: sessions that go away or break under their streams.
import { constants } from 'node:http2';
import { Readable } from 'node:stream';

import { request } from 'undici';
import { describe, expect, it } from 'vitest';

import type { Http2Answer } from '../../axios-adapter/test/servers/http2-server.ts';
import {
  closeConnection,
  destroySession,
  goingAway,
  goingAwayBefore,
  ok,
  serving,
  silence,
  speaking,
} from './servers/http2-answers.ts';
import { classesOf, failureOf, onOldest, onUndici8, statisticsOf } from './servers/retrying-agents.ts';

const { NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_NO_ERROR } = constants;

// The HTTP/2 of undici 7.0 fails assertions of its own as soon as a session breaks.
describe.skipIf(onOldest)('a session of HTTP/2', () => {
  it('EDGE 48: that goes away before a request was processed: it is sent again in a new one', async () => {
    await using server = await serving(ok, goingAwayBefore(NGHTTP2_NO_ERROR), ok);
    await using own = speaking();
    await (await request(server.url, own)).body.text();
    // undici 8 sends such a request once more by itself; undici 7 does not say whether it was processed.
    const method = onUndici8 ? 'POST' : 'PUT';
    const { body, context } = await request(server.url, { ...own, method, body: 'x' });
    expect(await body.text()).toBe('ok');
    expect(classesOf(context)).toEqual(onUndici8 ? [undefined] : ['transport', undefined]);
    expect([server.requests.map((seen) => seen.body), server.sessions]).toEqual([['', 'x', 'x'], 2]);
  });

  it.runIf(onUndici8)(
    'EDGE 48: that goes away before a POST with a stream was processed: Tenax sends it again',
    async () => {
      await using server = await serving(ok, goingAwayBefore(NGHTTP2_NO_ERROR), ok);
      await using own = speaking();
      await (await request(server.url, own)).body.text();
      const oneShot = Readable.from([Buffer.from('x')]);
      const { body, context } = await request(server.url, { ...own, method: 'POST', body: oneShot });
      expect([await body.text(), classesOf(context)]).toEqual(['ok', ['connection', undefined]]);
      expect(server.requests.map((seen) => seen.body)).toEqual(['', 'x', 'x']);
    },
  );

  it('EDGE 48: that goes away once a POST is being processed: it is not sent again', async () => {
    const answeringLate: Http2Answer = (stream, socket) => {
      goingAway(NGHTTP2_NO_ERROR)(stream, socket);
      setImmediate(() => {
        if (stream.destroyed) return;
        stream.respond({ ':status': 200 });
        stream.end('processed');
      });
    };
    await using server = await serving(answeringLate, ok);
    await using own = speaking();
    const ended = await request(server.url, { ...own, method: 'POST', body: 'x' }).then(
      ({ body }) => body.text(),
      (error: unknown) => statisticsOf(error).reason,
    );
    // undici 7 gives up on every stream of such a session.
    expect([ended, server.requests.length]).toEqual([onUndici8 ? 'processed' : 'method_not_idempotent', 1]);
  });

  it('that goes away with an error: a GET is sent again in a new one, a POST is not', async () => {
    const calmDown = goingAway(NGHTTP2_ENHANCE_YOUR_CALM);
    await using server = await serving(calmDown, ok, calmDown, ok);
    await using own = speaking();
    const { body, context } = await request(server.url, own);
    expect([await body.text(), classesOf(context)]).toEqual(['ok', ['transport', undefined]]);
    const error = await failureOf(request(server.url, { ...own, method: 'POST', body: 'x' }));
    expect([statisticsOf(error).reason, classesOf(error)]).toEqual(['method_not_idempotent', ['transport']]);
    expect(server.requests).toHaveLength(3);
  });

  it.each<[string, Http2Answer]>([
    ['is destroyed', destroySession],
    ['loses its connection', closeConnection],
  ])('EDGE 48: that %s under ten requests: each is sent again', async (_, broken) => {
    await using server = await serving(...Array<Http2Answer>(9).fill(silence), broken, ok);
    await using own = speaking();
    const answers = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const { body, context } = await request(server.url, own);
        return `${await body.text()}: ${classesOf(context).join()}`;
      }),
    );
    expect(answers).toEqual(Array(10).fill('ok: transport,'));
    expect([server.requests.length, server.sessions]).toEqual([20, 2]);
  });
});
