// A server that answers while bodies are still on their way.
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Hears one request as it begins; the first has the number 1. */
export type Upload = (incoming: IncomingMessage, response: ServerResponse, number: number) => void;

/** A running server. */
export interface UploadServer extends AsyncDisposable {
  readonly url: string;
  /** Requests that have begun. */
  readonly requests: number;
}

export async function uploadServer(upload: Upload): Promise<UploadServer> {
  let requests = 0;
  const server = createServer((incoming, response) => {
    requests += 1;
    incoming.on('error', () => undefined);
    upload(incoming, response, requests);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get requests() {
      return requests;
    },
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}
