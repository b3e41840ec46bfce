// An HTTP/2 server whose answers a test writes down, in the clear or over TLS.
import { createSecureServer, createServer } from 'node:http2';
import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** Answers one request; its body has been read. */
export type Http2Answer = (stream: ServerHttp2Stream, socket: Socket) => void;

/** What the server saw of one request. */
export interface SeenStream {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A running server. */
export interface Http2Server extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly SeenStream[];
  /** Sessions ever opened. */
  readonly sessions: number;
}

/** Answers the first request with the first answer, and so on; the last one serves all that follow. */
export async function http2Server(
  answers: readonly Http2Answer[],
  tls?: { readonly key: string; readonly cert: string },
): Promise<Http2Server> {
  const requests: SeenStream[] = [];
  const sockets = new Map<Http2Session, Socket>();
  let sessions = 0;
  let connected: Socket | undefined;
  const server = tls ? createSecureServer(tls) : createServer();
  const handle = async (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> => {
    const body = await text(stream);
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push({ method: headers[':method'], headers, body });
    const { session } = stream;
    const socket = session && sockets.get(session);
    if (socket) answer?.(stream, socket);
  };
  // Before the session of the connection, which hides its socket behind a proxy that takes no reset.
  server.prependListener(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    connected = socket;
    socket.on('error', () => undefined);
  });
  server.on('session', (session) => {
    sessions += 1;
    if (connected) sockets.set(session, connected);
    session.on('error', () => undefined);
    session.once('close', () => {
      sockets.delete(session);
    });
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    // A stream that the client broke off.
    handle(stream, headers).catch(() => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    get sessions() {
      return sessions;
    },
    async [Symbol.asyncDispose]() {
      for (const session of sockets.keys()) session.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
