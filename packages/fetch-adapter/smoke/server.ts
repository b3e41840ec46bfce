// A small real server with failing routes. Every connection serves one request, so that no client repairs
// a broken keep-alive connection behind our back.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface RunningServer extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
}

/**
 * - `/flaky?id=…&failures=2[&retry-after=0]`: 503 that many times, then an echo
 * - `/reset?id=…`: breaks the connection once, then an echo
 * - `/download?id=…[&stalls=true]`: ten bytes, of which the first request gets five, and no end if it stalls
 * - `/count?id=…`: how many requests came under that id
 * - anything in `files`: that text
 */
export async function startServer(files: Readonly<Record<string, string>> = {}): Promise<RunningServer> {
  const seen = new Map<string, number>();
  const server = createServer((request, response) => {
    void answer(request, response, seen, files).catch(() => request.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => close(server),
  };
}

/** A port at which nothing listens. */
export async function unusedPort(): Promise<number> {
  await using server = await startServer();
  return Number(new URL(server.url).port);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  seen: Map<string, number>,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://server');
  response.setHeaders(
    new Map([
      ['connection', 'close'],
      ['access-control-allow-origin', '*'],
      ['access-control-allow-methods', 'GET, HEAD, POST, PUT, DELETE'],
      ['access-control-allow-headers', '*'],
      ['access-control-expose-headers', '*'],
    ]),
  );
  if (request.method === 'OPTIONS') return send(response, 204);
  const file = files[url.pathname];
  if (file !== undefined)
    return send(response, 200, file, url.pathname.endsWith('.js') ? 'text/javascript' : 'text/html');

  const id = url.searchParams.get('id') ?? '';
  if (url.pathname === '/count') return send(response, 200, String(seen.get(id) ?? 0), 'text/plain');

  const attempt = (seen.get(id) ?? 0) + 1;
  seen.set(id, attempt);
  const body = await text(request);
  if (url.pathname === '/reset' && attempt === 1) {
    request.socket.resetAndDestroy();
    return;
  }
  if (url.pathname === '/download') {
    const first = /^bytes=(\d+)-$/u.exec(request.headers.range ?? '')?.[1];
    const rest = '0123456789'.slice(Number(first ?? 0));
    response.writeHead(first === undefined ? 200 : 206, {
      etag: '"v1"',
      'content-length': rest.length,
      ...(first !== undefined && { 'content-range': `bytes ${first}-9/10` }),
    });
    if (attempt > 1) response.end(rest);
    else
      response.write(rest.slice(0, 5), () => url.searchParams.has('stalls') || request.socket.destroySoon());
    return;
  }
  const retryAfter = url.searchParams.get('retry-after');
  if (attempt <= Number(url.searchParams.get('failures'))) {
    if (retryAfter !== null) response.setHeader('retry-after', retryAfter);
    return send(response, 503, 'not yet', 'text/plain');
  }
  const { headers, method } = request;
  const echo = { attempt, method, headers, bytes: Buffer.byteLength(body), body };
  send(response, 200, JSON.stringify(echo), 'application/json');
}

function send(response: ServerResponse, status: number, body = '', type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(body);
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}
