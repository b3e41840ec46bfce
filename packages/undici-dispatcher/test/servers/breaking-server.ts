// A server that breaks its connections, each at the point that a test wants.
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** What is done with one connection. */
export type Connection = (socket: Socket) => void;

/** How a connection ends: with a FIN, or with a RST. */
export type Ending = 'FIN' | 'RST';

/** A running server. */
export interface BreakingServer extends AsyncDisposable {
  readonly url: string;
  /** Connections ever made. */
  readonly connections: number;
}

/** Ends a connection, after some last words. */
export function end(socket: Socket, ending: Ending, words = ''): void {
  if (ending === 'FIN') socket.end(words);
  else if (words === '') socket.resetAndDestroy();
  else socket.write(words, () => socket.resetAndDestroy());
}

/** Calls `act` once, when what has come matches. */
export const when =
  (pattern: RegExp, act: (socket: Socket) => void): Connection =>
  (socket) => {
    let text = '';
    socket.setEncoding('latin1');
    const read = (part: string): void => {
      text += part;
      if (!pattern.test(text)) return;
      socket.off('data', read);
      socket.resume();
      act(socket);
    };
    socket.on('data', read);
  };

/** Answers one request well, and closes. */
export const answering: Connection = when(/\r\n\r\n/u, (socket) => {
  socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
});

/** Treats the first connection as the first says, and so on; the last one serves all that follow. */
export async function breakingServer(...connections: Connection[]): Promise<BreakingServer> {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
    });
    const connection = connections[Math.min(count, connections.length - 1)];
    count += 1;
    connection?.(socket);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get connections() {
      return count;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
