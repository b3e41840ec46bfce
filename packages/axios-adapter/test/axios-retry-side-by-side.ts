// Sends the same requests through axios-retry and through ours, to one server that answers as a script says.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo } from 'node:net';

import { type Clock, type RetryOptions } from '@tenax/core';
import {
  create,
  getAdapter,
  type AxiosAdapter,
  type AxiosError,
  type AxiosInstance,
  type AxiosRequestConfig,
} from 'axios';
import axiosRetry, { type IAxiosRetryConfig } from 'axios-retry';
import { afterAll, beforeAll } from 'vitest';

import { attachRetry } from '../src/index.ts';

export type Answer =
  | number
  | 'reset'
  | 'silence'
  | { status?: number; headers?: Record<string, string>; body?: object };

/** What the server does with each request in turn; the last one is for all that follow. */
let answers: Answer[] = [];
let seen: IncomingHttpHeaders[] = [];
let path = '/';
let scripts = 0;
const server = createServer((request, response) => {
  // A request that its client has given up may still come while the next script runs.
  if (!request.url?.startsWith(path)) {
    response.end();
    return;
  }
  seen.push(request.headers);
  const answer = answers[Math.min(seen.length, answers.length) - 1] ?? 200;
  request.resume().on('end', () => {
    if (answer === 'silence') return;
    if (answer === 'reset') {
      request.socket.destroy();
      return;
    }
    const {
      status = 200,
      headers = {},
      body = {},
    } = typeof answer === 'number' ? { status: answer } : answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  });
});
let baseURL = '';

/** Every wait is over at once. */
const clock: Clock = {
  now: () => performance.now(),
  epoch: () => Date.now(),
  schedule: (_delay, callback) => {
    const turn = setImmediate(callback);
    return { cancel: () => clearImmediate(turn) };
  },
};

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
/** Gives the server its next script. Returns the path for its requests. */
export function script(...next: Answer[]): string {
  answers = next;
  seen = [];
  scripts += 1;
  path = `/${scripts}/`;
  return path;
}

/** The headers of the requests since the last script. */
export const requests = (): readonly IncomingHttpHeaders[] => seen;

/** An instance with axios-retry. */
export const theirs = (options?: IAxiosRetryConfig): AxiosInstance => {
  const instance = create({ baseURL });
  axiosRetry(instance, options);
  return instance;
};
/** An instance with Tenax. */
export const ours = (options: RetryOptions = {}): AxiosInstance => {
  const instance = create({ baseURL });
  attachRetry(instance, { clock, ...options });
  return instance;
};

/** How a request ended, and how often it was sent. */
export async function ending(
  next: Answer[],
  instance: AxiosInstance,
  config: AxiosRequestConfig = {},
): Promise<string> {
  let sent = 0;
  const { adapter = getAdapter('http') } = config;
  const counting: AxiosAdapter = async (attempt) => {
    sent += 1;
    return (adapter as AxiosAdapter)(attempt);
  };
  const end = await instance.request({ url: script(...next), ...config, adapter: counting }).then(
    ({ status }) => String(status),
    (error: unknown) => {
      const { code, response } = error as AxiosError;
      return `${code} ${response?.status ?? ''}`.trim();
    },
  );
  return `${end} after ${sent}`;
}
