// An HTTP/2 server that says itself whether it wants a body.
import { createSecureServer } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

import { certificate } from '../../../axios-adapter/test/servers/certificate.ts';

/** Answers one request, whose body has not been read. */
export type ContinueAnswer = (stream: ServerHttp2Stream) => void;

/** A running server. */
export interface ContinueServer extends AsyncDisposable {
  readonly url: string;
  /** The headers of the requests. */
  readonly requests: readonly IncomingHttpHeaders[];
}

/** Answers the first request with the first answer, and so on; the last one serves all that follow. */
export async function continueServer(...answers: ContinueAnswer[]): Promise<ContinueServer> {
  const requests: IncomingHttpHeaders[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createSecureServer(certificate);
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push(headers);
    answer?.(stream);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
