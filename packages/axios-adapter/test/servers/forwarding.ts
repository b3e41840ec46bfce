// What a proxy does with a request, as answers of a server.
import { request as httpRequest } from 'node:http';

import type { Answer } from '../../../fetch-adapter/test/servers/flaky-server.ts';

/** Sends a request on: to a proxy, its URL is the whole one. */
export const forward: Answer = (response, _, { method, headers, url, body }) => {
  const onward = httpRequest(url, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on('error', () => response.writeHead(502).end());
  onward.end(body);
};
