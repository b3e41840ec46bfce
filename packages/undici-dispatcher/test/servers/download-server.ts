// Downloads that break off, and what a server says when it is asked for the rest.
import type { Answer } from '../../../fetch-adapter/test/servers/flaky-server.ts';

/** Every byte differs from its neighbours, so that a gap or a repetition shows. */
export const content: Buffer = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251));

export const STRONG: Readonly<Record<string, string>> = { etag: '"v1"' };

/** One answer: the content, or the rest of it that a Range asks for. */
export interface Part {
  readonly headers?: Readonly<Record<string, string>>;
  readonly status?: number;
  /** Bytes that are sent before the connection breaks; all without it. */
  readonly breakAfter?: number;
  /** In place of the right one. */
  readonly contentRange?: string;
  /** In place of the right one; `chunked` says none. */
  readonly contentLength?: number | 'chunked';
  /** In place of the right ones. */
  readonly bytes?: Buffer;
  readonly entity?: Buffer;
}

/** The first byte that a request asks for. */
const firstByte = (range: string | undefined): number =>
  Number(/^bytes=(\d+)-$/u.exec(range ?? '')?.[1] ?? 0);

export const part =
  (given: Part = {}): Answer =>
  (response, request) => {
    const { breakAfter, contentLength, entity = content, headers = STRONG } = given;
    const isRest = request.headers.range !== undefined;
    const first = firstByte(request.headers.range);
    const bytes = given.bytes ?? entity.subarray(first);
    const range = given.contentRange ?? `bytes ${first}-${entity.length - 1}/${entity.length}`;
    response.writeHead(given.status ?? (isRest ? 206 : 200), {
      ...headers,
      ...(contentLength !== 'chunked' && { 'content-length': contentLength ?? bytes.length }),
      ...(isRest && range !== '' && { 'content-range': range }),
    });
    if (breakAfter === undefined) {
      response.end(bytes);
      return;
    }
    response.flushHeaders();
    response.write(bytes.subarray(0, breakAfter), () => request.socket.end());
  };
