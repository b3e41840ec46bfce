/** Sends the operations of a run and keeps what came of each. */
import { getRetryStatistics } from '@tenax/core';
import type { RequestStatistics, RetryHooks } from '@tenax/core';
import { createRetryingFetch } from '@tenax/fetch-adapter';
import type { RetryingFetch } from '@tenax/fetch-adapter';
import { seededRandom } from '@tenax/core/testing';

import type { Settings } from './settings.ts';

/** What came of one operation, as the user of the fetch sees it. */
export interface Operation {
  readonly name: string;
  readonly succeeded: boolean;
  /** The status, or the error's name and code. */
  readonly ending: string;
  readonly bytes: number;
  readonly statistics: RequestStatistics | undefined;
}

/** A run: its operations, in the order of their names, and the fetch with its sums. */
export interface Run {
  readonly fetch: RetryingFetch;
  readonly operations: readonly Operation[];
}

/** Sends all requests, `concurrency` at a time. Once `signal` aborts, those under way end and no more are sent. */
export async function sendAll(
  target: string,
  settings: Settings,
  hooks: RetryHooks,
  signal: AbortSignal,
  ended: (operation: Operation) => void,
): Promise<Run> {
  const random = seededRandom(settings.seed);
  const fetch = createRetryingFetch({ ...settings.options, hooks, random });
  const operations: Operation[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < settings.requests && !signal.aborted) {
      const index = next;
      next += 1;
      const operation = await send(fetch, target, settings, signal, index);
      operations[index] = operation;
      ended(operation);
    }
  };
  await Promise.all(Array.from({ length: Math.min(settings.concurrency, settings.requests) }, worker));
  return { fetch, operations: operations.filter(Boolean) };
}

async function send(
  fetch: RetryingFetch,
  target: string,
  settings: Settings,
  signal: AbortSignal,
  index: number,
): Promise<Operation> {
  const url = settings.url ?? `${target}/item/${index + 1}`;
  const name = `#${index + 1}`;
  let statistics: RequestStatistics | undefined;
  try {
    const response = await fetch(url, {
      method: settings.method,
      headers: settings.headers.map(([key, value]): [string, string] => [key, value]),
      signal,
    });
    statistics = getRetryStatistics(response);
    const { length } = await response.text();
    return { name, succeeded: response.ok, ending: String(response.status), bytes: length, statistics };
  } catch (error) {
    const own = typeof error === 'object' && error !== null ? getRetryStatistics(error) : undefined;
    return { name, succeeded: false, ending: nameOf(error), bytes: 0, statistics: own ?? statistics };
  }
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as { code?: unknown }).code ?? (error.cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : error.name;
}
