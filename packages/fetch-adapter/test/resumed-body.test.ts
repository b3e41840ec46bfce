import { Readable } from 'node:stream';

import { describe, expect, it, vi } from 'vitest';

import { collectGarbage } from '../../core/test/garbage.ts';
import { createRetryingFetch } from '../src/index.ts';
import { flakyServer, status } from './servers/flaky-server.ts';
import type { Answer } from './servers/flaky-server.ts';

const content = '0123456789'.repeat(100);
const ETAG = { etag: '"v1"' };
const OPTIONS = { baseDelay: 0, resume: true };
const fetch = createRetryingFetch(OPTIONS);

/** The first part of the content and a broken connection, then the rest. */
const begin: Answer = (response, request) => {
  response.writeHead(200, { ...ETAG, 'content-length': content.length });
  response.write(content.slice(0, 300), () => request.socket.destroySoon());
};
const rest: Answer = (response) => {
  response.writeHead(206, { ...ETAG, 'content-range': 'bytes 300-999/1000' }).end(content.slice(300));
};
const hanging: Answer = (response) => {
  response.writeHead(200, ETAG).write('begin');
};

/** The rest of a download from a fetch of the user's, after a first part. */
function ownFetch(first: ReadableStream, second: ReadableStream): typeof globalThis.fetch {
  const answers = [
    new Response(first, { headers: ETAG }),
    new Response(second, { status: 206, headers: { ...ETAG, 'content-range': 'bytes 5-9/10' } }),
  ];
  return async () => answers.shift() ?? Response.error();
}

const reset = (): Error => Object.assign(new Error('reset'), { code: 'ECONNRESET' });

/** Gives the chunks, and breaks off where there is no end. */
const chunks = (given: Uint8Array[], end = true): ReadableStream => {
  const left = [...given];
  return new ReadableStream({
    pull: (controller) => {
      const chunk = left.shift();
      if (chunk) controller.enqueue(chunk);
      else if (end) controller.close();
      else controller.error(reset());
    },
  });
};

describe('the body of a resumed response', () => {
  it.each([1, 7, 4096])('is a byte stream over a break, for buffers of %d bytes', async (size) => {
    await using server = await flakyServer(begin, rest);
    const reader = ((await fetch(server.url)).body as ReadableStream).getReader({ mode: 'byob' });
    let text = '';
    for (;;) {
      const { done, value } = await reader.read(new Uint8Array(size));
      text += new TextDecoder().decode(value);
      if (done) break;
    }
    expect(text).toBe(content);
    await expect(reader.closed).resolves.toBeUndefined();
  });

  it('is what the bare fetch gives, where that has no byte stream', async () => {
    const own = ownFetch(chunks([Buffer.from('01234')], false), new Blob(['56789']).stream());
    const response = await createRetryingFetch({ ...OPTIONS, fetch: own })('http://127.0.0.1/');
    expect(() => response.body?.getReader({ mode: 'byob' })).toThrow(TypeError);
    expect(await response.text()).toBe('0123456789');
  });

  it('takes no buffer away from a stream that may need it, and no empty chunk for the end', async () => {
    const pooled = Buffer.from('--56789--').subarray(2, 7);
    const reader = new Blob(['01234']).stream().getReader();
    const broken = new ReadableStream({
      type: 'bytes',
      pull: async (controller) => {
        const { done, value } = await reader.read();
        if (done) controller.error(reset());
        else controller.enqueue(value);
      },
    });
    const own = ownFetch(broken, chunks([new Uint8Array(0), pooled, new Uint8Array(0)]));
    const response = await createRetryingFetch({ ...OPTIONS, fetch: own })('http://127.0.0.1/');
    expect(await response.text()).toBe('0123456789');
    expect(pooled.toString()).toBe('56789');
  });

  it('has clones that say what the response says', async () => {
    await using server = await flakyServer(begin, rest);
    const response = await fetch(server.url);
    const clone = response.clone();
    for (const { redirected, type, url } of [clone, clone.clone()]) {
      expect({ redirected, type, url }).toEqual({ redirected: false, type: 'basic', url: server.url });
    }
    expect(await Promise.all([response.text(), clone.text()])).toEqual([content, content]);
  });

  it('fails with the caller’s abort, also while nobody reads', async () => {
    await using server = await flakyServer(hanging);
    const controller = new AbortController();
    const { body } = await fetch(server.url, { signal: controller.signal });
    const { closed } = (body as ReadableStream).getReader();
    controller.abort('enough');
    await expect(closed).rejects.toBe('enough');
  });

  it.each([null, 0, 'enough'])('is read as text to the caller’s abort with %o', async (reason) => {
    await using server = await flakyServer(hanging);
    const controller = new AbortController();
    const own = createRetryingFetch(OPTIONS);
    const text = (await own(server.url, { signal: controller.signal })).text();
    controller.abort(reason);
    await expect(text).rejects.toBe(reason);
    await server.idle();
    // It was no break that another operation would have to mend.
    expect(own.engine.statistics.snapshot().totalOperations).toBe(1);
  });

  it('says that it was read before, as any other does, when it has failed', async () => {
    await using server = await flakyServer(begin, status(200));
    const response = await fetch(server.url);
    await expect(response.text()).rejects.toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
    await expect(response.text()).rejects.toThrow(/already been read/u);
  });

  describe.each(['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const)(
    'read by %s, where Chromium has one error for all',
    (name) => {
      const likeChromium = (): Disposable =>
        vi.spyOn(Response.prototype, name as 'text').mockImplementation(async function (this: Response) {
          const sink = new WritableStream();
          await this.body?.pipeTo(sink).catch(() => Promise.reject(new TypeError('Failed to fetch')));
          return '';
        });

      it('fails with its own error', async () => {
        using _ = likeChromium();
        const other: Answer = (response) => response.writeHead(206, { etag: '"v2"' }).end();
        await using server = await flakyServer(begin, other);
        const reading = (await fetch(server.url))[name]();
        await expect(reading).rejects.toMatchObject({ code: 'TENAX_RESUME_REFUSED' });
      });

      it('fails with an abort that came before it', async () => {
        using _ = likeChromium();
        await using server = await flakyServer(hanging);
        const controller = new AbortController();
        const response = await fetch(server.url, { signal: controller.signal });
        controller.abort('enough');
        await expect(response[name]()).rejects.toBe('enough');
      });
    },
  );

  it('says that it was redirected, and where to', async () => {
    await using server = await flakyServer(status(302, { location: '/there' }), begin, rest);
    const response = await fetch(server.url);
    expect([response.redirected, response.url]).toEqual([true, `${server.url}there`]);
    expect(await response.text()).toBe(content);
  });

  it('is garbage when it is dropped, while its signal lives on', async () => {
    await using server = await flakyServer(hanging);
    const { signal } = new AbortController();
    expect((await fetch(server.url, { signal })).status).toBe(200);
    await collectGarbage(() => server.open === 0);
    expect(server.open).toBe(0);
    expect(signal.aborted).toBe(false);
  });

  it.each([
    ['of Node, as node-fetch has it', () => Readable.from([Buffer.from('text')])],
    ['that is not there, as in React Native', () => undefined],
  ])('stays a stream %s', async (_, make) => {
    const given = { status: 200, headers: new Headers(ETAG), body: make() } as unknown as Response;
    const own: typeof globalThis.fetch = async () => given;
    expect(await createRetryingFetch({ ...OPTIONS, fetch: own })('http://127.0.0.1/')).toBe(given);
  });
});
