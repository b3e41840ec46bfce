// A server whose answers a test writes down, and that remembers what it saw.
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What the server saw of one request. */
export interface SeenRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly url: string;
}

/** Answers one request; the body has been read. */
export type Answer = (response: ServerResponse, request: IncomingMessage, seen: SeenRequest) => void;

/** A running server. */
export interface FlakyServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  /** Connections ever made. */
  readonly connections: number;
  /** Connections open now. */
  readonly open: number;
  /** Fulfilled when that many requests have come in whole. */
  received(count: number): Promise<void>;
  /** Fulfilled when no connection is open. */
  idle(): Promise<void>;
}

export const status =
  (code: number, headers: Record<string, string> = {}, body = 'later'): Answer =>
  (response) => {
    response.writeHead(code, headers).end(body);
  };
export const unavailable: Answer = status(503);
export const reset: Answer = (_, request) => {
  request.socket.resetAndDestroy();
};
export const silence: Answer = () => undefined;
export const ok: Answer = (response, _, { body }) => {
  response.end(body.length > 0 ? body : 'ok');
};

/** Answers the first request with the first answer, and so on; the last one serves all that follow. */
export async function flakyServer(...answers: Answer[]): Promise<FlakyServer> {
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  let waiting: { count: number; resolve: () => void }[] = [];
  let idle: (() => void)[] = [];
  let connections = 0;
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { headers, method = '', url = '' } = request;
    const seen = { method, headers, body: Buffer.concat(chunks), url };
    const answer = answers[Math.min(requests.length, answers.length - 1)] ?? ok;
    requests.push(seen);
    answer(response, request, seen);
    for (const waiter of waiting) if (requests.length >= waiter.count) waiter.resolve();
    waiting = waiting.filter(({ count }) => requests.length < count);
  };
  const server = createServer((request, response) => {
    // An upload that the client broke off.
    handle(request, response).catch(() => undefined);
  });
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0) for (const resolve of idle.splice(0)) resolve();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    received: (count) =>
      new Promise((resolve) => {
        if (requests.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    idle: () =>
      new Promise((resolve) => {
        if (sockets.size === 0) resolve();
        else idle = [...idle, resolve];
      }),
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
    },
  };
}
