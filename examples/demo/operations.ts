/** Sends the operations of a run and keeps what came of each. */
import { setTimeout as sleep } from 'node:timers/promises';

import { getRetryStatistics } from '@tenax/core';
import type { RequestStatistics, RetryEngine, RetryHooks } from '@tenax/core';
import { seededRandom } from '@tenax/core/testing';

import type { Client } from './clients/client.ts';
import { CLIENTS } from './clients/clients.ts';
import type { Settings } from './settings.ts';

/** What came of one operation, as the user of the client sees it. */
export interface Operation {
  readonly name: string;
  readonly succeeded: boolean;
  /** The status, or the error's name and code. */
  readonly ending: string;
  readonly bytes: number;
  /** Epoch ms. */
  readonly startTime: number;
  /** Epoch ms: when the body had been read or the error came. */
  readonly endTime: number;
  readonly statistics: RequestStatistics | undefined;
}

/** What is known of an operation at its end alone: a message may hold what is no part of a document. */
interface Sent {
  readonly operation: Operation;
  readonly error?: unknown;
}

/** A run: its operations, in the order of their names, and the engine with its sums. */
export interface Run {
  readonly engine: RetryEngine;
  readonly operations: readonly Operation[];
  /** Epoch ms. */
  readonly startTime: number;
  /** Epoch ms: when the last operation had ended. */
  readonly endTime: number;
}

/** Sends all requests, `concurrency` at a time. Once `signal` aborts, those under way end and no more are sent. */
export function sendAll(
  target: string,
  settings: Settings,
  hooks: RetryHooks,
  signal: AbortSignal,
  ended: (operation: Operation, error: unknown) => void,
): Promise<Run> {
  return withClient(settings, hooks, async (client) => {
    const operations: Operation[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < settings.requests && !signal.aborted) {
        const index = next;
        next += 1;
        const { error, operation } = await send(client, target, settings, signal, index);
        operations[index] = operation;
        ended(operation, error);
      }
    };
    await Promise.all(Array.from({ length: Math.min(settings.concurrency, settings.requests) }, worker));
    return operations.filter(Boolean);
  });
}

/**
 * Sends the operations of a run again, each as long after the start as it was then: that load does not depend on how
 * long an operation takes, so two runs can be compared. Once `signal` aborts, no more are sent.
 */
export function sendAgain(
  target: string,
  settings: Settings,
  { operations, startTime }: Run,
  signal: AbortSignal,
): Promise<Run> {
  return withClient(settings, {}, async (client) => {
    const start = Date.now();
    const sent = operations.map(async (operation, index): Promise<Operation | undefined> => {
      // The first ones are due already, and a clock may have been set back in between.
      const wait = Math.max(0, start + operation.startTime - startTime - Date.now());
      await sleep(wait, undefined, { signal }).catch(() => {});
      return signal.aborted ? undefined : (await send(client, target, settings, signal, index)).operation;
    });
    return (await Promise.all(sent)).filter((operation) => operation !== undefined);
  });
}

async function withClient(
  settings: Settings,
  hooks: RetryHooks,
  use: (client: Client) => Promise<Operation[]>,
): Promise<Run> {
  const random = seededRandom(settings.seed);
  const client = await CLIENTS[settings.client]({ ...settings.options, hooks, random });
  try {
    const startTime = Date.now();
    const operations = await use(client);
    return { engine: client.engine, operations, startTime, endTime: Date.now() };
  } finally {
    client.close?.();
  }
}

async function send(
  client: Client,
  target: string,
  settings: Settings,
  signal: AbortSignal,
  index: number,
): Promise<Sent> {
  const url = settings.url ?? `${target}/item/${index + 1}`;
  const name = `#${index + 1}`;
  const startTime = Date.now();
  let statistics: RequestStatistics | undefined;
  try {
    // Headers of the same name are joined, the same way for every client.
    const headers = new Headers(settings.headers.map(([key, value]): [string, string] => [key, value]));
    const { method } = settings;
    const answer = await client.send(url, { method, headers: Object.fromEntries(headers), signal });
    ({ statistics } = answer);
    const bytes = await answer.readBody();
    const ending = String(answer.status);
    const endTime = Date.now();
    return { operation: { name, succeeded: answer.ok, ending, bytes, startTime, endTime, statistics } };
  } catch (error) {
    const own = typeof error === 'object' && error !== null ? getRetryStatistics(error) : undefined;
    const ending = nameOf(error);
    const endTime = Date.now();
    const failed = { name, succeeded: false, ending, bytes: 0, startTime, endTime };
    return { operation: { ...failed, statistics: own ?? statistics }, error };
  }
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as { code?: unknown }).code ?? (error.cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : error.name;
}
