// The table of every way that a request can end, through axios.
import { create, getAdapter } from 'axios';
import type { InternalAxiosRequestConfig } from 'axios';

import { NODE_HTTP_ERRORS, OWN_ERRORS } from '../../core/test/record-table/client.ts';
import { describeRecords } from '../../core/test/record-table/describe-records.ts';
import { attachRetry } from '../src/index.ts';
import { onOldest } from './servers/attached.ts';

describeRecords({
  name: 'axios-adapter',
  takesCredentialsInUrl: true,
  words: {
    ...(onOldest && { hidesStatusOfBrokenBody: true }),
    errors: {
      ...OWN_ERRORS,
      ...NODE_HTTP_ERRORS,
      'body cut off': { name: 'AxiosError', code: 'ERR_BAD_RESPONSE' },
      'broken header': { name: 'Error' },
      'caller aborted': { name: 'CanceledError', code: 'ERR_CANCELED' },
      'aborted by another': { name: 'CanceledError', code: 'ERR_CANCELED' },
    },
  },
  open(options) {
    let another: AbortSignal | undefined;
    const http = getAdapter('http');
    const adapter = (config: InternalAxiosRequestConfig) => {
      const signals = [config.signal as AbortSignal | undefined, another].filter((signal) => !!signal);
      return http({ ...config, signal: AbortSignal.any(signals) });
    };
    const instance = create({ adapter });
    const handle = attachRetry(instance, options);
    return {
      engine: handle.engine,
      send({ body, headers, method, signal, signalOfAnother, url }) {
        another = signalOfAnother;
        return instance.request({ url, method, headers, signal, data: body });
      },
      [Symbol.asyncDispose]: async () => {
        handle.detach();
        await Promise.resolve();
      },
    };
  },
});
