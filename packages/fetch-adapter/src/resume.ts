/** A response whose body goes on where it broke off. */

import { Download, resumableDownload } from '@tenax/core';
import type { ResumeRequest } from '@tenax/core';

/** The response that the platform gave, for each with a body that goes on. */
const origins = new WeakMap<Response, Response>();

/**
 * The same response, with a body that survives broken connections. A response that can't be continued (no validator,
 * a content encoding, not a 200) comes back as it is.
 */
export function resumable(response: Response, request: ResumeRequest<Response>): Response {
  const { body, headers } = response;
  // node-fetch has a stream of Node's there, and a mock no headers.
  const entity = typeof body?.getReader === 'function' ? resumableDownload(response) : undefined;
  if (entity === undefined) return response;
  const download = new Download(response, entity, request);
  // A constructor refuses what a server may say in other letters.
  const statusText = /^[\t\u0020-\u00ff]*$/u.test(response.statusText) ? response.statusText : '';
  const copy = new Response(download.stream, { status: response.status, statusText, headers });
  origins.set(copy, response);
  return Object.defineProperties(copy, membersOf(response, download));
}

/** The same response, with the body that came unless somebody reads it: a download that nobody wants is not to go on. */
export function withOwnBody(response: Response): Response {
  const origin = origins.get(response);
  return origin?.body?.locked === false ? origin : response;
}

/** What reads a body whole. */
const READERS = ['arrayBuffer', 'blob', 'bytes', 'formData', 'json', 'text'] as const;

/** What no constructor takes, for a copy and for its clones. */
function membersOf(response: Response, download: Download<Response>): PropertyDescriptorMap {
  const members: PropertyDescriptorMap = {
    clone: {
      value(this: Response): Response {
        return Object.defineProperties(Response.prototype.clone.call(this), members);
      },
      configurable: true,
    },
  };
  for (const name of ['url', 'redirected', 'type', 'statusText'] as const) {
    members[name] = { value: response[name], configurable: true };
  }
  for (const name of READERS) {
    const read = Response.prototype[name] as (() => Promise<unknown>) | undefined;
    if (read) members[name] = { value: readingBy(read, download), configurable: true };
  }
  return members;
}

/** Chromium says "Failed to fetch" of any stream of ours that has failed, whatever it has failed with. */
function readingBy(read: () => Promise<unknown>, download: Download<Response>): () => Promise<unknown> {
  return async function (this: Response) {
    try {
      return await read.call(this);
    } catch (error) {
      // A caller may abort with `null`.
      throw (error as Error | null)?.message === 'Failed to fetch' && download.failure
        ? download.failure.reason
        : error;
    }
  };
}
