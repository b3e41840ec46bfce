// A server that breaks its first connections, and then opens a tunnel or changes the protocol.
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A running server. */
export interface SwitchingServer extends AsyncDisposable {
  readonly origin: string;
  /** CONNECTs and upgrades that were asked for. */
  readonly requests: number;
}

/** Whatever it opens begins with "hello". */
export async function switchingServer(broken: number): Promise<SwitchingServer> {
  let requests = 0;
  const sockets = new Set<Socket>();
  const answer =
    (line: string) =>
    (_: IncomingMessage, socket: Duplex): void => {
      requests += 1;
      if (requests <= broken) socket.destroy();
      else socket.write(`HTTP/1.1 ${line}\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\nhello`);
    };
  const server = createServer();
  server.on('connect', answer('200 Connected'));
  server.on('upgrade', answer('101 Switching Protocols'));
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
