// A proxy that refuses as a test wants it to.
import { createServer, request } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A running proxy. */
export interface ProxyServer extends AsyncDisposable {
  readonly url: string;
  /** CONNECTs and requests that it was asked for. */
  readonly asked: readonly string[];
}

/** Answers what it is asked for first with the first status, and so on; it forwards where that is 200. */
export async function proxyServer(...statuses: number[]): Promise<ProxyServer> {
  const asked: string[] = [];
  const sockets = new Set<Duplex>();
  const next = (what: string): number => {
    asked.push(what);
    return statuses[Math.min(asked.length, statuses.length) - 1] ?? 200;
  };
  const server = createServer((incoming, response) => {
    const { headers, method = '', url = '' } = incoming;
    const code = next(`${method} ${url}`);
    if (code !== 200) {
      response.writeHead(code).end('the proxy says no');
      return;
    }
    const forwarded = request(url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(forwarded);
  });
  server.on('connect', (incoming, socket: Duplex) => {
    const { url = '' } = incoming;
    const code = next(`CONNECT ${url}`);
    if (code !== 200) {
      socket.end(`HTTP/1.1 ${code} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const [host = '', port] = url.split(':');
    const target = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    sockets.add(target);
    target.on('error', () => socket.destroy());
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
