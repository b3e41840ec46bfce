/** One request of HTTP/1.1, off the wire. */

export interface RawRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The request in these bytes; `undefined` until it is whole. */
export function takeRequest(received: Buffer): RawRequest | undefined {
  const text = received.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const headers = Object.fromEntries(
    text
      .slice(0, end)
      .split('\r\n')
      .slice(1)
      .map((line) => {
        const [name = '', ...value] = line.split(': ');
        return [name.toLowerCase(), value.join(': ')];
      }),
  );
  const rest = text.slice(end + 4);
  const body =
    headers['transfer-encoding'] === 'chunked' ? unframed(rest) : ofLength(rest, headers['content-length']);
  return body === undefined ? undefined : { headers, body };
}

function ofLength(rest: string, length = '0'): string | undefined {
  return rest.length < Number(length) ? undefined : rest.slice(0, Number(length));
}

function unframed(rest: string): string | undefined {
  let body = '';
  for (let at = 0; ;) {
    const line = rest.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = Number.parseInt(rest.slice(at, line), 16);
    at = line + 2 + size + 2;
    if (rest.length < at) return undefined;
    if (size === 0) return body;
    body += rest.slice(line + 2, line + 2 + size);
  }
}
