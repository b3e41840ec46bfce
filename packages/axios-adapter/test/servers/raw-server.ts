// A server below HTTP: it says what a test writes down, to the byte, and remembers what it was told.
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** The bytes of an answer, after which the connection ends, or what else to do with the connection. */
export type RawAnswer = string | Buffer | ((socket: Socket) => void);

/** A running server. */
export interface RawServer extends AsyncDisposable {
  readonly url: string;
  /** The requests, as they came. */
  readonly requests: readonly string[];
  /** Connections ever made. */
  readonly connections: number;
}

/** An answer as it should be; the connection stays. */
export const whole =
  (line: string, body: string, ...headers: string[]): RawAnswer =>
  (socket) => {
    socket.write(message(line, body, ...headers));
  };
export const message = (line: string, body: string, ...headers: string[]): string =>
  [`HTTP/1.1 ${line}`, `Content-Length: ${Buffer.byteLength(body)}`, ...headers, '', body].join('\r\n');

/** Answers the first request with the first answer, and so on; the last one serves all that follow. */
export async function rawServer(...answers: RawAnswer[]): Promise<RawServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (part: string) => {
      text += part;
      if (!isWhole(text)) return;
      const answer = answers[Math.min(requests.length, answers.length - 1)] ?? '';
      requests.push(text);
      text = '';
      if (typeof answer === 'function') answer(socket);
      else socket.end(answer);
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      sockets.delete(socket);
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
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const length = /^content-length: (\d+)$/imu.exec(text.slice(0, end).replaceAll('\r', ''))?.[1] ?? '0';
  return text.length >= end + 4 + Number(length);
}
