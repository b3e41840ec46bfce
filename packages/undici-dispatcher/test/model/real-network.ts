/** The network of a script over TCP: a server that plays it, and a dispatcher that tells the server how far it got. */

import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

import { Agent } from 'undici';
import type { Dispatcher } from 'undici';

import type { SentRequest } from './play.ts';
import { takeRequest } from './raw-request.ts';
import type { RawRequest } from './raw-request.ts';
import { attemptOf, entityOf } from './script.ts';
import type { Script } from './script.ts';
import { timelineOf } from './timeline.ts';
import type { Event } from './timeline.ts';

/** Longer than a machine under load takes to hand on a packet. */
const BODY_TIMEOUT = 500;

interface Attempt {
  sent: SentRequest & {
    body: string | undefined;
    connection: { written: boolean; pausedWithHeaders: undefined };
  };
  /** So that a reset can't overtake them. */
  readonly headersCame: Promise<void>;
  tellHeaders(): void;
}

export class RealNetwork implements AsyncDisposable {
  readonly dispatcher: Dispatcher;
  readonly #script: Script;
  readonly #onSilence: () => void;
  readonly #attempts: Attempt[] = [];
  readonly #server = createServer((socket) => {
    this.#serve(socket);
  });
  readonly #agent = new Agent({ bodyTimeout: BODY_TIMEOUT, headersTimeout: 0 });

  private constructor(script: Script, onSilence: () => void) {
    this.#script = script;
    this.#onSilence = onSilence;
    this.dispatcher = this.#agent.compose((dispatch) => (options, handler) => {
      const number = this.#attempts.length;
      const headers = [...((options.headers ?? []) as string[]), 'x-attempt', String(number)];
      const attempt = begin(headers);
      this.#attempts.push(attempt);
      return dispatch({ ...options, headers }, watching(handler, attempt));
    });
  }

  /** @param onSilence told when the server has said all that it is going to say to a request that waits for more */
  static async open(script: Script, onSilence: () => void): Promise<RealNetwork> {
    const network = new RealNetwork(script, onSilence);
    await new Promise<void>((resolve) => {
      network.#server.listen(0, '127.0.0.1', resolve);
    });
    return network;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get sent(): readonly SentRequest[] {
    return this.#attempts.map(({ sent }) => sent);
  }

  /** Closes the client, which waits for every attempt to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.close();
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }

  #serve(socket: Socket): void {
    let received = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      received = Buffer.concat([received, data]);
      const taken = takeRequest(received);
      if (taken === undefined) return;
      received = Buffer.alloc(0);
      void this.#answer(socket, taken);
    });
  }

  async #answer(socket: Socket, { body, headers }: RawRequest): Promise<void> {
    const number = Number(headers['x-attempt']);
    const attempt = this.#attempts[number] as Attempt;
    attempt.sent.body = body;
    attempt.sent.connection.written = true;
    const script = attemptOf(this.#script, number);
    let chunked = false;
    for (const event of timelineOf(script, entityOf(this.#script), attempt.sent.offset)) {
      if (event.kind === 'interim') socket.write('HTTP/1.1 103 Early Hints\r\nlink: </style>\r\n\r\n');
      else if (event.kind === 'headers') {
        chunked = event.headers['content-length'] === undefined;
        socket.write(head(event, chunked));
      } else if (event.kind === 'chunk') socket.write(chunked ? framed(event.chunk) : event.chunk);
      else if (event.kind === 'end' && chunked) socket.write('0\r\n\r\n');
      else if (event.kind === 'failure') {
        if (script.kind === 'response') await attempt.headersCame;
        if (event.how === 'stalled') this.#onSilence();
        else if (event.how === 'truncated') socket.end();
        else socket.resetAndDestroy();
      }
    }
  }
}

function begin(headers: readonly string[]): Attempt {
  const range = headers[headers.indexOf('range') + 1];
  let tellHeaders = (): void => undefined;
  const headersCame = new Promise<void>((resolve) => {
    tellHeaders = resolve;
  });
  return {
    sent: {
      at: 0,
      offset: headers.includes('range') ? Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]) : undefined,
      body: undefined,
      connection: { written: false, pausedWithHeaders: undefined },
    },
    headersCame,
    tellHeaders,
  };
}

/** The handler, and somebody who looks over its shoulder. */
function watching(handler: Dispatcher.DispatchHandler, attempt: Attempt): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
    onResponseStarted: () => handler.onResponseStarted?.(),
    onResponseStart: (controller, status, ...rest) => {
      if (status >= 200) attempt.tellHeaders();
      handler.onResponseStart?.(controller, status, ...rest);
    },
    onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
    onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
    onResponseError: (controller, error) => {
      attempt.tellHeaders();
      handler.onResponseError?.(controller, error);
    },
  };
}

function head(event: Event & { readonly kind: 'headers' }, chunked: boolean): string {
  const headers = Object.entries({
    ...event.headers,
    ...(chunked && { 'transfer-encoding': 'chunked' }),
  });
  return `HTTP/1.1 ${event.status} Status\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

function framed(chunk: Buffer): Buffer {
  // One without bytes would be the end.
  if (chunk.length === 0) return chunk;
  return Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]);
}
