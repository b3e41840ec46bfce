// Where a streamed body comes from: sources that fail, that are gone, that are slow, and what becomes of them.
import { createReadStream } from 'node:fs';
import { Duplex, PassThrough, Readable } from 'node:stream';

import { Agent, request } from 'undici';
import type { Dispatcher } from 'undici';
import { describe, expect, it } from 'vitest';

import { flakyServer, ok, reset, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { classesOf, failureOf, owned, retryingAgent, statisticsOf } from './servers/retrying-agents.ts';
import { uploadServer } from './servers/upload-server.ts';
import type { Upload } from './servers/upload-server.ts';

/** Dispatches, and gives the terminal events once a turn has passed after the first. */
async function terminalEvents(
  dispatcher: Dispatcher,
  url: string,
  options: Pick<Dispatcher.DispatchOptions, 'body'>,
): Promise<string[]> {
  const events: string[] = [];
  await new Promise<void>((resolve) => {
    const ended = (event: string): void => {
      events.push(event);
      setImmediate(resolve);
    };
    dispatcher.dispatch(
      { origin: new URL(url).origin, path: '/', method: 'PUT', ...options },
      {
        onRequestStart: () => undefined,
        onResponseStart: () => undefined,
        onResponseData: () => undefined,
        onResponseEnd: () => {
          ended('end');
        },
        onResponseError: (_, error) => {
          ended(error.message);
        },
      },
    );
  });
  return events;
}

const destroyed = (error?: Error): Readable => {
  const readable = Readable.from([Buffer.from('part')]);
  readable.on('error', () => undefined);
  return readable.destroy(error);
};
const failing = (error = new Error('the disk failed')): Readable =>
  Readable.from(
    (async function* () {
      yield Buffer.from('part');
      throw error;
    })(),
  );
const lost = (): Error => Object.assign(new Error('aborted'), { code: 'ECONNRESET' });

/** Gives a part of itself, and no end. */
const endless = (): Readable => {
  const readable = new Readable({ read: () => undefined });
  readable.push('part');
  return readable;
};

/** As one of the package `readable-stream`: no instance of that of Node. */
function foreign(readable: Readable): Readable {
  return new Proxy(readable, { getPrototypeOf: () => Object.prototype });
}

/** As one of that package before its version 4: it says less of itself, and one that was destroyed seems to have ended. */
function older(readable: Readable): Readable {
  const unknown = new Set<unknown>(['errored', 'readableDidRead', 'readableEncoding', 'readableEnded']);
  async function* iterate(): AsyncGenerator<unknown> {
    try {
      yield* readable;
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    }
  }
  return new Proxy(readable, {
    getPrototypeOf: () => Object.prototype,
    has: (target, name) => !unknown.has(name) && Reflect.has(target, name),
    get: (target, name, receiver) => {
      if (name === Symbol.asyncIterator) return iterate;
      return unknown.has(name) ? undefined : (Reflect.get(target, name, receiver) as unknown);
    },
  });
}

const GONE: [string, () => Readable, string][] = [
  ['was destroyed before', () => destroyed(), 'Request aborted'],
  ['had failed before', () => destroyed(new Error('the file is gone')), 'the file is gone'],
  ['fails midway', failing, 'the disk failed'],
];

describe('a Readable that', () => {
  it.each(GONE)('%s fails its request once, with the error that undici gives', async (_, make, message) => {
    await using server = await flakyServer(ok);
    await using own = retryingAgent();
    expect(await terminalEvents(own.dispatcher, server.url, { body: make() })).toEqual([message]);
    const error = await failureOf(request(server.url, { ...own, method: 'PUT', body: make() }));
    await using bare = owned(new Agent());
    const bareError = await failureOf(request(server.url, { ...bare, method: 'PUT', body: make() }));
    expect([error.message, error.code, error.name]).toEqual([
      bareError.message,
      bareError.code,
      bareError.name,
    ]);
    expect([classesOf(error).length, server.requests.length]).toEqual([1, 0]);
  });

  it('fails while a retry sends it ends the request with its own error', async () => {
    const body = endless();
    await using server = await uploadServer((incoming, _, number) => {
      incoming.once('data', () => {
        if (number === 1) incoming.socket.destroy();
        else body.destroy(new Error('the disk failed'));
      });
    });
    await using own = retryingAgent();
    const error = await failureOf(request(server.url, { ...own, method: 'PUT', body }));
    expect([error.message, server.requests]).toEqual(['the disk failed', 2]);
  });

  it.each<[string, number, Error | undefined]>([
    ['fails while its connection takes no more', 32, new Error('the disk failed')],
    ['is destroyed while its connection takes no more', 32, undefined],
    ['is destroyed while more of it is awaited', 0, undefined],
  ])('%s ends its request at once, as undici does', async (_, mebibytes, reason) => {
    const ended: unknown[] = [];
    for (const make of [() => owned(new Agent()), retryingAgent]) {
      const body = endless();
      for (let pushed = 0; pushed < mebibytes; pushed += 1) body.push(Buffer.alloc(1024 * 1024));
      // Nobody reads there.
      await using server = await uploadServer(() => body.destroy(reason));
      await using own = make();
      const error = await failureOf(request(server.url, { ...own, method: 'PUT', body }));
      ended.push([error.code, error.message, server.requests]);
    }
    const expected = reason ? [undefined, reason.message, 1] : ['UND_ERR_ABORTED', 'Request aborted', 1];
    expect(ended).toEqual([expected, expected]);
  });

  it.each<[string, (readable: Readable) => Readable]>([
    ['', (readable) => readable],
    [', and is none of Node,', foreign],
    [', and is older than those of Node,', older],
  ])(
    'is destroyed while it is sent%s counts as an abort, not as a failure of the server',
    async (_, wrap) => {
      const body = wrap(endless());
      await using server = await uploadServer(() => body.destroy());
      await using own = retryingAgent();
      expect(classesOf(await failureOf(request(server.url, { ...own, method: 'PUT', body })))).toEqual([
        'aborted',
      ]);
    },
  );

  it('has been read to its end may fail in its other half: the request goes on, and is not sent again', async () => {
    const body = new Duplex({ read: () => undefined, write: () => undefined });
    body.on('error', () => undefined);
    body.push('whole');
    body.push(null);
    await using server = await flakyServer((response) => {
      body.destroy(new Error('reset'));
      setTimeout(() => response.end('ok'), 50);
    });
    await using own = retryingAgent();
    const response = await request(server.url, { ...own, method: 'PUT', body });
    expect(await response.body.text()).toBe('ok');
    expect(server.requests).toHaveLength(1);
  });

  it('was read by somebody else before is not sent again', async () => {
    await using server = await flakyServer(unavailable, ok);
    await using own = retryingAgent();
    const body = Readable.from([Buffer.from('gone')]);
    body.resume();
    await new Promise((resolve) => body.once('end', resolve));
    const { context, statusCode } = await request(server.url, { ...own, method: 'PUT', body });
    expect([statusCode, server.requests.length]).toEqual([503, 1]);
    expect(statisticsOf(context).reason).toBe('body_not_replayable');
  });

  it('is still being written goes on in the next attempt where the first one broke', async () => {
    const body = endless();
    const bodies: string[] = [];
    await using server = await uploadServer((incoming, response, number) => {
      let text = '';
      incoming.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (number > 1) return;
        bodies.push(text);
        incoming.socket.resetAndDestroy();
        body.push(' and the rest');
        body.push(null);
      });
      incoming.on('end', () => {
        bodies.push(text);
        response.end('ok');
      });
    });
    await using own = retryingAgent();
    const response = await request(server.url, { ...own, method: 'PUT', body });
    expect([await response.body.text(), bodies]).toEqual(['ok', ['part', 'part and the rest']]);
  });
});

describe("the caller's Readable", () => {
  const closing = (readable: Readable): Promise<unknown> =>
    new Promise((resolve) => readable.once('close', resolve));

  it('is destroyed when attempts have run out', async () => {
    const server = await flakyServer();
    await server[Symbol.asyncDispose]();
    await using own = retryingAgent();
    const body = endless();
    const closed = closing(body);
    await failureOf(request(server.url, { ...own, method: 'PUT', body }));
    await closed;
    expect(body.destroyed).toBe(true);
  });

  it.each([0, 2 ** 21])(
    'is destroyed with the error that its request ends with, after %i bytes',
    async (size) => {
      await using server = await uploadServer((incoming) => {
        let read = 0;
        incoming.on('data', (chunk: Buffer) => {
          read += chunk.length;
          if (read > size) incoming.socket.resetAndDestroy();
        });
      });
      await using own = retryingAgent();
      const body = new PassThrough();
      const heard = new Promise((resolve) => body.once('error', resolve));
      body.write(Buffer.alloc(size + 1));
      const failed = await failureOf(request(server.url, { ...own, method: 'PUT', body }));
      expect(await heard).toBe(failed);
    },
  );

  it('is destroyed with the error that the response breaks off with', async () => {
    await using server = await uploadServer((incoming, response) => {
      incoming.once('data', () => response.write('part'));
    });
    await using own = retryingAgent();
    const body = new PassThrough();
    const heard = new Promise((resolve) => body.once('error', resolve));
    body.write('part');
    const response = await request(server.url, { ...own, method: 'PUT', body });
    const failed = failureOf(response.body.text());
    await server[Symbol.asyncDispose]();
    expect(await heard).toBe(await failed);
  });

  it('is destroyed when its request is aborted in a wait', async () => {
    await using server = await flakyServer(reset);
    await using own = retryingAgent();
    const body = Readable.from([Buffer.from('a'), Buffer.from('b')]);
    const closed = closing(body);
    const controller = new AbortController();
    const onRetry = (): void => {
      controller.abort(new Error('enough'));
    };
    const { signal } = controller;
    const options = { ...own, method: 'PUT', body, signal, retry: { hooks: { onRetry } } } as const;
    await expect(request(server.url, options)).rejects.toThrow('enough');
    await closed;
    expect([body.destroyed, server.requests.length]).toEqual([true, 1]);
  });

  it('is destroyed when its request is aborted as it is sent', async () => {
    const controller = new AbortController();
    await using server = await uploadServer((incoming) => {
      incoming.once('data', () => {
        controller.abort(new Error('enough'));
      });
    });
    await using own = retryingAgent();
    const body = endless();
    const closed = closing(body);
    const options = { ...own, method: 'PUT', body, signal: controller.signal } as const;
    await expect(request(server.url, options)).rejects.toThrow('enough');
    await closed;
    expect(body.destroyed).toBe(true);
  });

  it.each([
    ['a failure', 413, 'Too Large'],
    ['a success', 200, 'OK'],
    ['a success without a reason phrase', 200, ''],
  ])('is destroyed when %s is answered before its end, as undici does', async (_, status, phrase) => {
    await using server = await uploadServer((incoming, response) => {
      incoming.once('data', () => response.writeHead(status, phrase).end('before the end'));
    });
    await using own = retryingAgent();
    const body = endless();
    const closed = closing(body);
    const response = await request(server.url, { ...own, method: 'PUT', body });
    expect([response.statusCode, await response.body.text()]).toEqual([status, 'before the end']);
    await closed;
    expect(body.destroyed).toBe(true);
  });

  it.each<[string, Upload, string]>([
    ['fails', ({ socket }) => socket.resetAndDestroy(), 'ECONNRESET'],
    ['is answered before its end', (_, response) => response.writeHead(413).end(), '413'],
  ])(
    'may be a request that is forwarded: it is answered over its own connection when that %s',
    async (_, upload, expected) => {
      await using backend = await uploadServer((incoming, response, number) => {
        incoming.once('data', () => {
          upload(incoming, response, number);
        });
      });
      await using own = retryingAgent();
      const forward = async (body: Readable): Promise<string> => {
        try {
          const response = await request(backend.url, { ...own, method: 'PUT', body });
          await response.body.dump();
          return String(response.statusCode);
        } catch (error) {
          return String((error as NodeJS.ErrnoException).code);
        }
      };
      await using gateway = await uploadServer((incoming, response) => {
        void forward(incoming).then((answer) => response.end(answer));
      });
      await using bare = owned(new Agent());
      const options = { ...bare, method: 'PUT', body: endless() } as const;
      const { body } = await request(gateway.url, options);
      expect(await body.text()).toBe(expected);
    },
  );

  it('is sent in full by the next attempt when a failure was answered before its end', async () => {
    const body = endless();
    await using server = await uploadServer((incoming, response, number) => {
      if (number === 1) {
        incoming.once('data', () => response.writeHead(503).end('later'));
        return;
      }
      incoming.pipe(response);
      body.push(' and the rest');
      body.push(null);
    });
    await using own = retryingAgent();
    const response = await request(server.url, { ...own, method: 'PUT', body });
    expect(await response.body.text()).toBe('part and the rest');
  });
});

describe('a Readable that fails as the lost connection it comes from', () => {
  it.each([
    ['while it is read', failing],
    ['while nobody reads on', endless],
  ])('%s is no failure of the server that it goes to', async (_, make) => {
    await using server = await flakyServer(ok);
    await using own = retryingAgent();
    const body = make(lost());
    setTimeout(() => body.destroy(lost()), 50);
    const error = await failureOf(request(server.url, { ...own, method: 'PUT', body }));
    expect([error.code, classesOf(error)]).toEqual(['ECONNRESET', ['permanent']]);
  });
});

describe('a Readable that fails before anybody reads it', () => {
  it.each([undefined, { maxAttempts: 1 }])('ends its request with its own error, with %j', async (retry) => {
    await using server = await flakyServer(ok);
    await using own = retryingAgent();
    const body = createReadStream('/no/such/file');
    const error = await failureOf(request(server.url, { ...own, method: 'PUT', body, retry }));
    expect(error.code).toBe('ENOENT');
  });

  it('in a wait leaves the process alone, and is not sent', async () => {
    const server = await flakyServer();
    await server[Symbol.asyncDispose]();
    await using own = retryingAgent();
    const body = endless();
    const onRetry = (): void => {
      body.destroy(new Error('the disk failed'));
    };
    const options = {
      ...own,
      method: 'PUT',
      body,
      retry: { baseDelay: 50, jitter: 'none', hooks: { onRetry } },
    } as const;
    const error = await failureOf(request(server.url, options));
    expect([error.code, statisticsOf(error).reason]).toEqual(['ECONNREFUSED', 'body_not_replayable']);
  });
});

function open(): Readable {
  const body = new PassThrough();
  body.write('whole');
  setTimeout(() => body.end(), 20);
  return body;
}

function givenAtOnce(): Readable {
  return new Readable({
    read() {
      this.push('whole');
      this.push(null);
    },
  });
}

/** As one of `streamx`: its state has other members, it is destroyed once it has ended, and `read` takes what is there. */
function otherKind(): Readable {
  const parts = [Buffer.from('whole')];
  const readable = {
    _readableState: {},
    destroyed: false,
    on: () => readable,
    pipe: () => undefined,
    read: () => parts.shift(),
    async *[Symbol.asyncIterator]() {
      yield* parts.splice(0);
      readable.destroyed = true;
    },
  };
  return readable as unknown as Readable;
}

it.each<[string, () => Readable, string | undefined, string | undefined]>([
  ['an open one', open, 'chunked', undefined],
  ['one that was written to its end', () => new PassThrough().end('whole'), undefined, '5'],
  ['one that gives all of it when it is asked', givenAtOnce, undefined, '5'],
  ['one that is none of Node', () => foreign(givenAtOnce()), undefined, '5'],
  ['one that is older than those of Node', () => older(givenAtOnce()), undefined, '5'],
  ['one that only looks like those of Node', otherKind, 'chunked', undefined],
])('%s is framed as undici frames it, at each attempt', async (_, make, coding, length) => {
  await using server = await flakyServer(unavailable, ok);
  await using own = retryingAgent();
  await (await request(server.url, { ...own, method: 'PUT', body: make() })).body.dump();
  const seen = server.requests.map(({ headers, body: sent }) => [
    sent.toString(),
    headers['transfer-encoding'],
    headers['content-length'],
  ]);
  expect(seen).toEqual(Array.from({ length: 2 }, () => ['whole', coding, length]));
});
