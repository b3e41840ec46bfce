// Expect: 100-continue, which undici speaks over HTTP/2 alone: the body waits until the server wants it.
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import type { RetryOptions } from '@tenax/core';
import { request } from 'undici';
import { describe, expect, it } from 'vitest';

import { continueServer } from './servers/continue-server.ts';
import type { ContinueAnswer } from './servers/continue-server.ts';
import { classesOf, retryingAgent } from './servers/retrying-agents.ts';
import type { OwnDispatcher } from './servers/retrying-agents.ts';

/** Answers without a look at the body. */
const refusing =
  (status: number): ContinueAnswer =>
  (stream) => {
    stream.respond({ ':status': status });
    stream.end('no body, please');
  };
const welcoming: ContinueAnswer = (stream) => {
  stream.additionalHeaders({ ':status': 100 });
  void text(stream).then((body) => {
    stream.respond({ ':status': 200 });
    stream.end(body);
  });
};
const speaking = (options: RetryOptions = {}): OwnDispatcher =>
  retryingAgent(options, { allowH2: true, connect: { rejectUnauthorized: false } });

describe('EDGE 50: a final status before the body was sent', () => {
  it('leaves a string to the next attempt', async () => {
    await using server = await continueServer(refusing(503), refusing(503), welcoming);
    await using own = speaking();
    const options = { ...own, method: 'PUT', body: 'the body', expectContinue: true } as const;
    const { body, context, statusCode } = await request(server.url, options);
    expect([statusCode, await body.text()]).toEqual([200, 'the body']);
    expect(classesOf(context)).toEqual(['transient', 'transient', undefined]);
    expect(server.requests.map(({ expect: expected }) => expected)).toEqual(Array(3).fill('100-continue'));
  });

  it.each([
    ['of any size', { replay: { maxBytes: 4 } }],
    ['that is kept', {}],
  ])('leaves a stream %s unread, so it can be sent', async (_, options) => {
    await using server = await continueServer(refusing(503), welcoming);
    await using own = speaking(options);
    const source = Readable.from([Buffer.from('more than '), Buffer.from('a few bytes')]);
    const { body } = await request(server.url, { ...own, method: 'PUT', body: source, expectContinue: true });
    expect([await body.text(), server.requests.length]).toEqual(['more than a few bytes', 2]);
  });

  it('that is no failure is given to the caller, and its stream is left unread', async () => {
    await using server = await continueServer(refusing(413));
    await using own = speaking();
    const source = Readable.from([Buffer.from('the body')]);
    const options = { ...own, method: 'PUT', body: source, expectContinue: true } as const;
    const { body, context, statusCode } = await request(server.url, options);
    expect([statusCode, await body.text(), classesOf(context)]).toEqual([
      413,
      'no body, please',
      ['permanent'],
    ]);
    expect(source.readableDidRead).toBe(false);
  });
});
