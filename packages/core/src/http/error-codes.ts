/** Which failure class an error's code stands for. */

import type { FailureClass } from '../outcome.ts';

const CLASSES = {
  connection: [
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'EHOSTDOWN',
    'ENETUNREACH',
    'ENETDOWN',
    'UND_ERR_CONNECT_TIMEOUT',
    'ERR_HTTP2_GOAWAY_SESSION',
    // Bun
    'ConnectionRefused',
    'FailedToOpenSocket',
  ],
  transport: [
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'ECONNABORTED',
    'UND_ERR_SOCKET',
    'UND_ERR_INFO',
    'ERR_STREAM_PREMATURE_CLOSE',
    'ERR_NETWORK',
    'ERR_HTTP2_STREAM_ERROR',
    'ERR_HTTP2_SESSION_ERROR',
    // zlib: a compressed body that was damaged or cut off on its way
    'Z_DATA_ERROR',
    'Z_BUF_ERROR',
    // Bun; the second is what HPE_… is in Node
    'ConnectionClosed',
    'Malformed_HTTP_Response',
  ],
  timeout: ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'TENAX_ATTEMPT_TIMEOUT', 'ESOCKETTIMEDOUT'],
  aborted: ['ABORT_ERR', 'UND_ERR_ABORTED', 'ERR_CANCELED'],
  permanent: [
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'INVALID_CA',
    'INVALID_PURPOSE',
    'PATH_LENGTH_EXCEEDED',
    'HOSTNAME_MISMATCH',
    'EPROTO',
    // Node's permissions
    'ERR_ACCESS_DENIED',
    // axios, for what no attempt can change; with a response its status decides
    'ERR_BAD_REQUEST',
    'ERR_BAD_OPTION',
    'ERR_BAD_OPTION_VALUE',
    'ERR_DEPRECATED',
    'ERR_FORM_DATA_DEPTH_EXCEEDED',
    'ERR_NOT_SUPPORT',
    'ERR_HTTP_INVALID_HEADER_VALUE',
    'ERR_UNESCAPED_CHARACTERS',
    'UND_ERR_INVALID_ARG',
    'UND_ERR_INVALID_RETURN_VALUE',
    'UND_ERR_NOT_SUPPORTED',
    'UND_ERR_DESTROYED',
    'UND_ERR_CLOSED',
    // headers above the client's limit, in undici and in Node
    'UND_ERR_HEADERS_OVERFLOW',
    'HPE_HEADER_OVERFLOW',
    'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
    'UND_ERR_RES_EXCEEDED_MAX_SIZE',
    // undici's own retries have given up: doing it all again would multiply the attempts
    'UND_ERR_REQ_RETRY',
    'UND_MOCK_ERR_MOCK_NOT_MATCHED',
    'TENAX_CONFIG',
    'TENAX_BODY_NOT_REPLAYABLE',
    'TENAX_RESUME_REFUSED',
    'TENAX_OPERATION_TIMEOUT',
    'TENAX_EXHAUSTED',
  ],
} as const satisfies Partial<Record<FailureClass, readonly string[]>>;

/** Whole families of codes; those of `UNABLE_TO_VERIFY_LEAF_SIGNATURE`, and of axios' redirects (`ERR_FR_`), among them. */
const PERMANENT_FAMILY = /^(?:CERT|CRL|UNABLE_TO|ERR_(?:TLS|SSL|INVALID|FR))_/;
/** The answer was no HTTP, so what the server did with the request is unknown; or a damaged body (brotli, zstd). */
const TRANSPORT_FAMILY = /^(?:HPE|ERR__ERROR_FORMAT|ZSTD_error)_/;

/** The built-in table: error code → failure class. The `errorCodes` option is merged over it. */
export const ERROR_CODES: Readonly<Record<string, FailureClass>> = /* @__PURE__ */ tableOf(CLASSES);

/** The class that a code stands for, `undefined` for one that says nothing. */
export function classOfCode(
  code: string,
  table: Readonly<Record<string, FailureClass>>,
): FailureClass | undefined {
  if (Object.hasOwn(table, code)) return table[code];
  if (PERMANENT_FAMILY.test(code)) return 'permanent';
  return TRANSPORT_FAMILY.test(code) ? 'transport' : undefined;
}

function tableOf(classes: typeof CLASSES): Readonly<Record<string, FailureClass>> {
  const entries = Object.entries(classes).flatMap(([failureClass, codes]) =>
    codes.map((code) => [code, failureClass]),
  );
  return Object.freeze(Object.fromEntries(entries) as Record<string, FailureClass>);
}
