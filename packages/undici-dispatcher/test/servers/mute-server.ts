// A server that accepts connections and never says a word, so that no TLS handshake ends.
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A running server. */
export interface MuteServer extends AsyncDisposable {
  readonly url: string;
  /** Connections ever made. */
  readonly connections: number;
  /** Fulfilled with the next connection. */
  connected(): Promise<unknown>;
}

export async function muteServer(): Promise<MuteServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get connections() {
      return sockets.size;
    },
    connected: () => once(server, 'connection'),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
