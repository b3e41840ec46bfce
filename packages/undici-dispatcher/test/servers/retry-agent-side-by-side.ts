// Sends the same request through undici's RetryAgent and through ours, each to a server of its own that answers as a
// script says.
import type { Clock, RetryOptions } from '@tenax/core';
import * as undici from 'undici';
import { Agent, request, RetryAgent, type Dispatcher, type RetryHandler } from 'undici';

import {
  flakyServer,
  reset,
  silence,
  status,
  type Answer as ServerAnswer,
  type FlakyServer,
} from '../../../fetch-adapter/test/servers/flaky-server.ts';
import { RetryDispatcher } from '../../src/index.ts';

export type Answer = number | 'reset' | 'silence' | ServerAnswer;
export type RequestOptions = Omit<Parameters<typeof request>[1] & object, 'dispatcher'>;

/** What is compared: the retries of undici 8. Those of undici 7 have faults that it has mended since. */
export const isCompared = 'Dispatcher1Wrapper' in undici;

/** Every wait is over at once. */
const clock: Clock = {
  now: () => performance.now(),
  epoch: () => Date.now(),
  schedule: (_delay, callback) => {
    const turn = setImmediate(callback);
    return { cancel: () => clearImmediate(turn) };
  },
};

/** Retries of undici. */
export const theirs = (options?: RetryHandler.RetryOptions, inner: Dispatcher = new Agent()): Dispatcher =>
  new RetryAgent(inner, { minTimeout: 0, ...options });

/** Retries of Tenax. */
export const ours = (options?: RetryOptions, inner: Dispatcher = new Agent()): RetryDispatcher =>
  new RetryDispatcher(inner, { clock, ...options });

export const serverOf = (answers: readonly Answer[]): Promise<FlakyServer> =>
  flakyServer(
    ...answers.map((answer) => {
      if (typeof answer === 'number') return status(answer);
      if (answer === 'reset') return reset;
      return answer === 'silence' ? silence : answer;
    }),
  );

/** How a request ended, and how often it was sent. The body is what a caller can read of it. */
export async function ending(
  answers: readonly Answer[],
  dispatcher: Dispatcher,
  options: RequestOptions = {},
): Promise<string> {
  await using server = await serverOf(answers);
  try {
    const end = await request(server.url, { ...options, dispatcher }).then(
      async ({ body, statusCode }) => `${statusCode} ${await body.text().catch(codeOf)}`,
      codeOf,
    );
    return `${end} after ${server.requests.length}`;
  } finally {
    await dispatcher.destroy();
  }
}

export function codeOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  return code ?? message;
}
