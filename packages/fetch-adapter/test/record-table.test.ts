// The table of every way that a request can end, through fetch.
import { OWN_ERRORS } from '../../core/test/record-table/client.ts';
import { describeRecords } from '../../core/test/record-table/describe-records.ts';
import { createRetryingFetch } from '../src/index.ts';
import type { RetryingRequestInit } from '../src/index.ts';

describeRecords({
  name: 'fetch-adapter',
  // fetch refuses them.
  takesCredentialsInUrl: false,
  words: {
    errors: {
      ...OWN_ERRORS,
      refused: { name: 'TypeError', code: 'ECONNREFUSED' },
      reset: { name: 'TypeError', code: 'ECONNRESET' },
      'cut off': { name: 'TypeError', code: 'UND_ERR_SOCKET' },
      'body cut off': { name: 'TypeError', code: 'UND_ERR_SOCKET' },
      // undici names no code here.
      'no HTTP': { name: 'TypeError' },
      'no TLS': { name: 'TypeError', code: 'ERR_SSL_WRONG_VERSION_NUMBER' },
      'broken header': { name: 'TypeError' },
      'caller aborted': { name: 'AbortError' },
      'aborted by another': { name: 'AbortError' },
    },
  },
  open(options) {
    let another: AbortSignal | undefined;
    const fetch = createRetryingFetch({
      ...options,
      fetch: (input, init) => {
        const signals = [init?.signal, another].filter((signal) => signal !== null && signal !== undefined);
        return globalThis.fetch(input, { ...init, signal: AbortSignal.any(signals) });
      },
    });
    return {
      engine: fetch.engine,
      send({ body, headers, method, signal, signalOfAnother, url }) {
        another = signalOfAnother;
        const streamed = body && { body: body as unknown as BodyInit, duplex: 'half' as const };
        const init: RetryingRequestInit = { method, headers, signal, ...streamed };
        return fetch(url, init);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
});
