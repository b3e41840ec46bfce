// Answers of a server whose downloads break off, and what reads them.
import type { Answer } from './flaky-server.ts';

/** What is downloaded. */
export const content: Buffer = Buffer.from(Array.from({ length: 5000 }, (_, index) => index % 251));
export const STRONG = { etag: '"v1"' } as const;

/** How the content is given, or the rest of it that a Range asks for. */
export interface Part {
  readonly headers?: Record<string, string>;
  /** Bytes that are sent before the connection breaks; all without it. */
  readonly breakAfter?: number;
  readonly code?: number;
  readonly contentRange?: string;
  /** At most so many bytes of the rest. */
  readonly most?: number;
  /** Whether the server says how long the body is. */
  readonly isMeasured?: boolean;
}

export const part =
  ({ breakAfter, code, contentRange, headers = STRONG, isMeasured = true, most }: Part = {}): Answer =>
  (response, request) => {
    const first = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const bytes = content.subarray(first, most && first + most);
    const range = contentRange ?? `bytes ${first}-${first + bytes.length - 1}/${content.length}`;
    response.writeHead(code ?? (first > 0 ? 206 : 200), {
      ...headers,
      ...(isMeasured && { 'content-length': bytes.length }),
      ...(first > 0 && { 'content-range': range }),
    });
    if (breakAfter === undefined) response.end(bytes);
    else response.write(bytes.subarray(0, breakAfter), () => setImmediate(() => request.socket.destroy()));
  };

/** Begins a body, or its rest, and never ends it. */
export const hanging: Answer = (response, request) => {
  const range = { 'content-range': `bytes 2000-4999/${content.length}` };
  response.writeHead(request.headers.range ? 206 : 200, { ...STRONG, ...(request.headers.range && range) });
  response.write('begin');
};

/** A stream of either kind. */
export type Data = AsyncIterable<Uint8Array>;

export async function read(data: Data): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of data) chunks.push(chunk);
  return Buffer.concat(chunks);
}
