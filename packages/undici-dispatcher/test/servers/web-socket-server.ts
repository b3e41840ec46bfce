// The least of a WebSocket server: it accepts a connection and says one word.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';

const ACCEPT = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export async function webSocketServer(word: string): Promise<AsyncDisposable & { readonly url: string }> {
  const sockets = new Set<Duplex>();
  const server = createServer();
  server.on('upgrade', ({ headers }, socket) => {
    sockets.add(socket);
    const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${ACCEPT}`).digest('base64');
    const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
    socket.write([...head, `Sec-WebSocket-Accept: ${accept}`, '', ''].join('\r\n'));
    // One frame of text, not masked.
    socket.write(Buffer.concat([Buffer.from([0x81, Buffer.byteLength(word)]), Buffer.from(word)]));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
