// The smoke suite of the axios adapter: every case with each adapter that a browser has.
import { attachRetry } from '@tenax/axios-adapter';
import { getRetryStatistics } from '@tenax/core';
import { create, isAxiosError, isCancel } from 'axios';

import { equal, id, rejection, runCases, sent } from '../../fetch-adapter/smoke/cases.js';

/** @typedef {import('../../fetch-adapter/smoke/cases.js').Place} Place */
/** @typedef {import('axios').AxiosInstance} AxiosInstance */
/** @typedef {{ attempt: number, headers: Record<string, string>, bytes: number, body: string }} Echo */

/** @type {Readonly<Record<string, (api: AxiosInstance, place: Place) => Promise<void>>>} */
const cases = {
  async '503 twice, then a success'(api) {
    /** @type {import('axios').AxiosResponse<Echo>} */
    const response = await api.get('/flaky', { params: { id: id(), failures: 2 } });
    equal(response.status, 200);
    equal(response.data.attempt, 3);
    equal(response.retry?.attempts.length, 3);
  },

  async 'connection refused'(api, { refused }) {
    const error = await axiosError(api.get(refused, { retry: { maxAttempts: 2 } }));
    equal(error.code, 'ERR_NETWORK');
    equal(error.retry?.attempts.length, 2);
  },

  async 'connection reset, GET'(api) {
    /** @type {import('axios').AxiosResponse<Echo>} */
    const response = await api.get('/reset', { params: { id: id() } });
    equal(response.data.attempt, 2);
  },

  async 'connection reset, POST'(api, { base }) {
    const key = id();
    const error = await axiosError(api.post('/reset', { once: true }, { params: { id: key } }));
    equal(error.code, 'ERR_NETWORK');
    equal(error.retry?.attempts.length, 1);
    equal(error.retry?.reason, 'method_not_idempotent');
    equal(await sent(base, key), 1);
  },

  async 'JSON body'(api) {
    const body = { text: 'Grüße', list: [1, 2, 3] };
    /** @type {import('axios').AxiosResponse<Echo>} */
    const { data } = await api.put('/flaky', body, { params: { id: id(), failures: 2 } });
    equal(data.attempt, 3);
    equal(data.body, JSON.stringify(body));
  },

  async 'FormData body'(api) {
    const form = new FormData();
    form.append('file', new Blob(['contents']), 'file.txt');
    /** @type {import('axios').AxiosResponse<Echo>} */
    const { data } = await api.put('/flaky', form, { params: { id: id(), failures: 1 } });
    equal(data.attempt, 2);
    equal(data.body.includes('contents'), true);
  },

  async 'abort during a wait'(api, { base }) {
    const key = id();
    const controller = new AbortController();
    const error = await axiosError(
      api.get('/flaky', {
        params: { id: key, failures: 9 },
        signal: controller.signal,
        // The hook runs when the wait is decided, so the abort falls into the wait.
        retry: {
          baseDelay: 20_000,
          jitter: 'none',
          hooks: { onRetry: () => setTimeout(() => controller.abort()) },
        },
      }),
    );
    equal(error.code, 'ERR_CANCELED');
    equal(isCancel(error), true);
    equal(error.retry?.attempts.length, 1);
    equal(await sent(base, key), 1);
  },

  async 'interceptors and transforms run once'(api) {
    const counts = { request: 0, response: 0, transformRequest: 0, transformResponse: 0 };
    api.interceptors.request.use((config) => {
      counts.request += 1;
      return config;
    });
    api.interceptors.response.use((response) => {
      counts.response += 1;
      return response;
    });
    const response = await api.put('/flaky', 'text', {
      params: { id: id(), failures: 2 },
      transformRequest: (/** @type {unknown} */ data) => {
        counts.transformRequest += 1;
        return data;
      },
      transformResponse: (/** @type {unknown} */ data) => {
        counts.transformResponse += 1;
        return data;
      },
    });
    equal(getRetryStatistics(response)?.attempts.length, 3);
    equal(Object.values(counts).join(' '), '1 1 1 1');
  },

  async 'XSRF token'(api) {
    const token = id();
    document.cookie = `XSRF-TOKEN=${token}`;
    /** @type {import('axios').AxiosResponse<Echo>} */
    const { data } = await api.put('/flaky', 'text', {
      params: { id: id(), failures: 1 },
      withXSRFToken: true,
    });
    equal(data.attempt, 2);
    equal(data.headers['x-xsrf-token'], token);
  },
};

/**
 * @param {Place} place
 * @returns {Promise<import('../../fetch-adapter/smoke/cases.js').Result[]>}
 */
export async function runSuite(place) {
  /** @type {Record<string, (place: Place) => Promise<void>>} */
  const all = {};
  for (const adapter of ['xhr', 'fetch']) {
    for (const [name, run] of Object.entries(cases)) {
      all[`${adapter}: ${name}`] = async () => run(instance(adapter, place), place);
    }
  }
  return runCases(all, place);
}

/**
 * @param {string} adapter
 * @param {Place} place
 */
function instance(adapter, { base }) {
  const api = create({ baseURL: base, adapter });
  attachRetry(api, { baseDelay: 1, throttledBaseDelay: 1 });
  return api;
}

/** @param {Promise<unknown>} promise */
async function axiosError(promise) {
  const error = await rejection(promise);
  if (!isAxiosError(error)) throw new Error('is no AxiosError', { cause: error });
  return error;
}
