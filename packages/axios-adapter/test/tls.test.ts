// TLS: what is wrong with a certificate stays wrong; what breaks a handshake may not.
import { createServer as createHttpServer } from 'node:http';
import { Agent, createServer } from 'node:https';
import { connect, createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

import { describe, expect, it } from 'vitest';

import { flakyServer, ok } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { ADAPTERS, attached, failureOf, onOldest } from './servers/attached.ts';
import { certificate } from './servers/certificate.ts';

interface Listening extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Connections ever made, whether or not they came to terms. */
  readonly connections: number;
}

async function listening(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `https://127.0.0.1:${port}/`,
    get connections() {
      return sockets.size;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

/** Gives the first request the first status, and so on, and says in `methods` what it was asked. */
async function secureServer(methods: string[], ...statuses: number[]): Promise<Listening> {
  const server = createServer(certificate, (request, response) => {
    request.resume();
    const code = statuses[methods.length] ?? 200;
    methods.push(request.method ?? '');
    response.writeHead(code).end(code === 200 ? 'ok' : 'later');
  });
  return listening(server);
}

/** Gives the first CONNECT the first status, and so on; after 200 it is a tunnel. */
async function tunnel(targets: string[], ...statuses: number[]): Promise<Listening> {
  const server = createHttpServer();
  server.on('connect', ({ url = '' }, socket: Socket) => {
    const code = statuses[targets.length] ?? 200;
    targets.push(url);
    if (code !== 200) {
      socket.end(`HTTP/1.1 ${code} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno`);
      return;
    }
    const { hostname, port } = new URL(`http://${url}`);
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  });
  return listening(server);
}

const trusting = () => {
  const agent = new Agent({ ca: certificate.cert, keepAlive: true, maxSockets: 1 });
  return Object.assign(agent, {
    [Symbol.dispose]: () => {
      agent.destroy();
    },
  });
};

describe.each(ADAPTERS)('with the %s adapter', (adapter) => {
  it('a certificate that is not trusted is permanent: one handshake, and nothing is sent', async () => {
    const methods: string[] = [];
    await using server = await secureServer(methods, 200);
    const error = await failureOf(attached({}, { adapter }).get(server.url));
    expect([error.retry?.reason, server.connections, methods]).toEqual(['permanent_failure', 1, []]);
  });

  it('a server without TLS is permanent', async () => {
    await using server = await flakyServer(ok);
    const error = await failureOf(attached({}, { adapter }).get(server.url.replace('http', 'https')));
    expect([error.retry?.reason, server.connections]).toEqual(['permanent_failure', 1]);
  });

  it('a handshake that is cut off is begun again for a GET', async () => {
    const server = createTcpServer((socket) => socket.once('data', () => socket.destroy()));
    await using cutting = await listening(server);
    const error = await failureOf(attached({}, { adapter }).get(cutting.url));
    expect(error.retry?.attempts.map(({ failureClass }) => failureClass)).toEqual(Array(3).fill('transport'));
    expect(cutting.connections).toBe(3);
  });
});

describe('httpsAgent', () => {
  it('EDGE 30: its certificates and its connection serve every attempt', async () => {
    const methods: string[] = [];
    await using server = await secureServer(methods, 503, 503, 200);
    using httpsAgent = trusting();
    const response = await attached().put(server.url, { a: 1 }, { httpsAgent });
    expect([response.data, methods, server.connections]).toEqual(['ok', ['PUT', 'PUT', 'PUT'], 1]);
  });
});

// To axios 1.7 an https URL is one more that a proxy is asked for in plain words.
describe.skipIf(onOldest)('a tunnel through a proxy', () => {
  const run = async (method: string, tunnelStatuses: number[], serverStatuses: number[]) => {
    const [methods, targets]: string[][] = [[], []];
    await using server = await secureServer(methods!, ...serverStatuses);
    await using proxy = await tunnel(targets!, ...tunnelStatuses);
    using httpsAgent = trusting();
    const ended = await attached()
      .request({ method, url: server.url, httpsAgent, proxy: { host: '127.0.0.1', port: proxy.port } })
      .catch((error: unknown) => error as Awaited<ReturnType<typeof failureOf>>);
    const expected = `127.0.0.1:${server.port}`;
    return { retry: ended.retry, methods, tunnels: targets!.filter((target) => target === expected).length };
  };

  it('carries every attempt', async () => {
    const { retry, methods, tunnels } = await run('put', [200], [503, 503, 200]);
    expect([retry?.result, methods]).toEqual(['success', ['PUT', 'PUT', 'PUT']]);
    expect(tunnels).toBeGreaterThan(0);
  });

  it('that is refused for now is asked for again', async () => {
    const { retry, methods, tunnels } = await run('put', [503, 503, 200], [200]);
    expect([retry?.result, methods, tunnels]).toEqual(['success', ['PUT'], 3]);
  });

  it('that is refused for good is not', async () => {
    const { retry, methods, tunnels } = await run('put', [403], [200]);
    expect([retry?.reason, methods, tunnels]).toEqual(['permanent_failure', [], 1]);
  });
});
