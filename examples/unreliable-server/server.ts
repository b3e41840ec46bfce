// A server that fails on purpose, in several ways, the same way for the same seed.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { seededRandom } from '@tenax/core/testing';

/** The ways in which an attempt can end. */
export type Behaviour =
  | 'ok'
  | 'unavailable'
  | 'unavailable-with-hint'
  | 'throttled'
  | 'reset'
  | 'stall'
  | 'truncated'
  | 'unauthorized';

/** How the server fails. */
export interface UnreliableServerOptions {
  readonly seed?: number;
  /** The share of attempts that fail, from 0 to 1. */
  readonly failureRate?: number;
  /** Called as each request arrives, with the way in which it is going to end. */
  readonly onRequest?: (behaviour: Behaviour) => void;
}

/** A running server. */
export interface UnreliableServer extends AsyncDisposable {
  readonly url: string;
  /** How many requests ended in which way. */
  readonly counts: Readonly<Record<Behaviour, number>>;
  close(): Promise<void>;
}

/** The failures and how often they come, of all failures. */
const FAILURES: readonly (readonly [behaviour: Behaviour, weight: number])[] = [
  ['unavailable', 28],
  ['unavailable-with-hint', 14],
  ['throttled', 16],
  ['reset', 18],
  ['stall', 10],
  ['truncated', 6],
  ['unauthorized', 8],
];
const BODY = JSON.stringify({ ok: true, text: 'here you are '.repeat(20) });
const ETAG = '"v1"';

/** Starts a server on the loopback interface. The last part of a path names the operation. */
export async function startUnreliableServer(
  options: UnreliableServerOptions = {},
): Promise<UnreliableServer> {
  const { failureRate = 0.6, onRequest, seed = 1 } = options;
  const attempts = new Map<string, number>();
  const counts: Record<Behaviour, number> = {
    ok: 0,
    unavailable: 0,
    'unavailable-with-hint': 0,
    throttled: 0,
    reset: 0,
    stall: 0,
    truncated: 0,
    unauthorized: 0,
  };
  const server = createServer((request, response) => {
    const name = request.url ?? '/';
    const attempt = (attempts.get(name) ?? 0) + 1;
    attempts.set(name, attempt);
    const behaviour = request.headers.range ? 'ok' : chooseBehaviour(seed, name, attempt, failureRate);
    counts[behaviour] += 1;
    onRequest?.(behaviour);
    request.resume();
    answer(behaviour, request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, counts, close, [Symbol.asyncDispose]: close };
}

/** Decided by the operation and the attempt alone, not by the order in which requests arrive. */
function chooseBehaviour(seed: number, name: string, attempt: number, failureRate: number): Behaviour {
  let hash = seed;
  for (const character of `${name}#${attempt}`)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619);
  const random = seededRandom(hash);
  random();
  if (random() >= failureRate) return 'ok';
  let ticket = random() * FAILURES.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [behaviour, weight] of FAILURES) {
    ticket -= weight;
    if (ticket < 0) return behaviour;
  }
  return 'unavailable';
}

function answer(behaviour: Behaviour, request: IncomingMessage, response: ServerResponse): void {
  switch (behaviour) {
    case 'ok':
      return sendBody(request, response);
    case 'unavailable':
      return void response.writeHead(503).end('out of order');
    case 'unavailable-with-hint':
      return void response.writeHead(503, { 'retry-after': '1' }).end('back in a moment');
    case 'throttled':
      return void response.writeHead(429, { 'retry-after-ms': '80' }).end('not so fast');
    case 'unauthorized':
      return void response.writeHead(401).end('who are you?');
    case 'reset':
      return void request.socket.resetAndDestroy();
    case 'stall':
      // Nothing: the client has to lose patience.
      return undefined;
    case 'truncated':
      response.writeHead(200, { etag: ETAG, 'content-length': Buffer.byteLength(BODY) });
      response.write(BODY.slice(0, 100), () => {
        request.socket.destroy();
      });
  }
}

function sendBody(request: IncomingMessage, response: ServerResponse): void {
  const first = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? Number.NaN);
  const bytes = Buffer.from(BODY);
  if (Number.isNaN(first) || request.headers['if-range'] !== ETAG) {
    response.writeHead(200, { etag: ETAG, 'content-length': bytes.length }).end(bytes);
    return;
  }
  const range = `bytes ${first}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(206, { etag: ETAG, 'content-range': range }).end(bytes.subarray(first));
}
