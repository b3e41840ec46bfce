// Answers of an HTTP/2 server, good and bad, and an agent that speaks to it.
import type { RetryOptions } from '@tenax/core';

import { certificate } from '../../../axios-adapter/test/servers/certificate.ts';
import { http2Server } from '../../../axios-adapter/test/servers/http2-server.ts';
import type { Http2Answer, Http2Server } from '../../../axios-adapter/test/servers/http2-server.ts';
import { retryingAgent } from './retrying-agents.ts';
import type { OwnDispatcher } from './retrying-agents.ts';

export const answer =
  (status: number, body: string): Http2Answer =>
  (stream) => {
    stream.respond({ ':status': status });
    stream.end(body);
  };
export const ok: Http2Answer = answer(200, 'ok');
export const unavailable: Http2Answer = answer(503, 'later');
export const silence: Http2Answer = () => undefined;

export const closing =
  (code: number): Http2Answer =>
  (stream) => {
    stream.close(code);
  };
export const closeConnection: Http2Answer = (_, socket) => {
  socket.destroy();
};
export const destroySession: Http2Answer = (stream) => {
  stream.session?.destroy();
};
/** The session goes away; this stream is still being processed. */
export const goingAway =
  (code: number): Http2Answer =>
  (stream) => {
    stream.session?.goaway(code, stream.id ?? 0);
  };
/** The session goes away; the stream before this one was the last to be processed. */
export const goingAwayBefore =
  (code: number): Http2Answer =>
  (stream) => {
    stream.session?.goaway(code, (stream.id ?? 0) - 2);
  };

/** Answers over TLS, as undici wants it. */
export const serving = (...answers: Http2Answer[]): Promise<Http2Server> => http2Server(answers, certificate);

/** An agent of one session, which trusts everybody. */
export const speaking = (options: RetryOptions = {}): OwnDispatcher =>
  retryingAgent(options, {
    allowH2: true,
    connections: 1,
    pipelining: 20,
    connect: { rejectUnauthorized: false },
  });
