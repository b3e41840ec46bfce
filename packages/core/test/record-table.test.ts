// The records of functions that core runs, and of the table itself.
import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';

import { describe, expect, it } from 'vitest';

import { createRetryEngine } from '../src/engine.ts';
import type { AttemptContext } from '../src/exchange.ts';
import { NODE_HTTP_ERRORS, OWN_ERRORS } from './record-table/client.ts';
import type { Client, TableRequest } from './record-table/client.ts';
import { describeRecords } from './record-table/describe-records.ts';
import {
  ENDINGS,
  ENDINGS_BY_RETRY,
  ENDINGS_BY_STOP,
  expectedRetries,
  RESULTS,
} from './record-table/table.ts';

/** What a function throws for a status, as most clients do in one form or another. */
class StatusError extends Error {
  override name = 'StatusError';
  readonly status: number;
  readonly headers: Headers;

  constructor({ headers, statusCode = 0 }: IncomingMessage) {
    super(`The server answered ${statusCode}`);
    this.status = statusCode;
    this.headers = new Headers(headers as Record<string, string>);
  }
}

/** Sends one attempt, and reads its whole body. */
function send(
  { headers, method, signalOfAnother, url }: TableRequest,
  attempt: AttemptContext,
  agent: Agent,
): Promise<object> {
  const open = url.startsWith('https:') ? tlsRequest : request;
  const signal = AbortSignal.any([attempt.signal, signalOfAnother]);
  const allHeaders = { ...headers, ...Object.fromEntries(attempt.headers ?? []) };
  return new Promise((resolve, reject) => {
    const options = { method, headers: allHeaders, signal, ...(open === request && { agent }) };
    const sent = open(url, options, (response) => {
      response.on('error', reject);
      response.on('end', () => {
        if ((response.statusCode ?? 0) < 400) resolve(response);
        else reject(new StatusError(response));
      });
      response.resume();
    });
    sent.on('error', reject);
    sent.end();
  });
}

const core: Client = {
  name: 'core',
  takesCredentialsInUrl: true,
  words: {
    hidesSuccessfulStatus: true,
    hidesStatusOfBrokenBody: true,
    statusError: { name: 'StatusError' },
    errors: {
      ...OWN_ERRORS,
      ...NODE_HTTP_ERRORS,
      'body cut off': { name: 'Error', code: 'ECONNRESET' },
      'broken header': { name: 'TypeError', code: 'ERR_INVALID_CHAR' },
      'caller aborted': { name: 'AbortError' },
      'aborted by another': { name: 'AbortError', code: 'ABORT_ERR' },
    },
  },
  open(options) {
    const agent = new Agent();
    const engine = createRetryEngine(options);
    return {
      engine,
      send(sent) {
        const { method, signal, url } = sent;
        const call = { key: new URL(url).origin, method, signal };
        return engine.execute((attempt) => send(sent, attempt, agent), call);
      },
      [Symbol.asyncDispose]: async () => {
        agent.destroy();
        await Promise.resolve();
      },
    };
  },
};

describeRecords(core);

describe('the table', () => {
  it.each(Object.entries(ENDINGS_BY_STOP))('has rows that end with %s', (reason, endings) => {
    expect(endings.length).toBeGreaterThan(0);
    for (const { expected } of endings) {
      expect([expected.reason, ...expected.attempts.map((attempt) => attempt.reason)]).toContain(reason);
    }
  });

  it.each(Object.entries(ENDINGS_BY_RETRY))('has rows with a retry because of %s', (reason, endings) => {
    expect(endings.length).toBeGreaterThan(0);
    for (const ending of endings) expect(expectedRetries(ending)).toContain(reason);
  });

  it.each(RESULTS)('has a row with the result %s', (result) => {
    expect(ENDINGS.map(({ expected }) => expected.result)).toContain(result);
  });
});
