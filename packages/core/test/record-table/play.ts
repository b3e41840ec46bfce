// Plays a row of the table: a client, a server on a socket, a time that the row moves.
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

import { flakyServer } from '../../../fetch-adapter/test/servers/flaky-server.ts';
import { getRetryStatistics } from '../../src/attached-statistics.ts';
import { RetryError } from '../../src/errors.ts';
import type { RetryEvent, RetryHooks } from '../../src/events.ts';
import type { RetryOptions } from '../../src/options.ts';
import type { RequestStatistics } from '../../src/record.ts';
import type { Client } from './client.ts';
import type { Ending } from './ending.ts';
import { answers } from './server-steps.ts';
import { OCCUPANT, SECRET, Stage } from './stage.ts';

/** What came of a row. */
export interface Played {
  readonly key: string;
  readonly record: RequestStatistics;
  /** What the hooks were told, in order. */
  readonly events: readonly (readonly [hook: keyof RetryHooks, event: object])[];
  /** The error that the caller got, and its causes. */
  readonly errors: readonly unknown[];
}

/** Plays a row. */
export async function play(ending: Ending, client: Client, options: RetryOptions): Promise<Played> {
  const stage = new Stage();
  const events: [keyof RetryHooks, object][] = [];
  const steps = ending.server ?? [answers(200)];
  await using server = await flakyServer(...steps.map((step) => step(stage)));
  const { host } = new URL(ending.destination === 'refuses' ? await deadUrl() : server.url);
  const origin = `${ending.destination === 'speaks no TLS' ? 'https' : 'http'}://${host}`;
  stage.key = origin;
  const own = typeof ending.options === 'function' ? ending.options(stage) : ending.options;
  await using opened = client.open({
    jitter: 'none',
    random: () => 0,
    clock: stage.clock,
    ...options,
    ...own,
    hooks: recordingHooks(events, own?.hooks, (event) => {
      if (event.reason !== 'hedged') setImmediate(() => void letWaitPass(ending, stage, event.delay));
    }),
  } as RetryOptions);
  stage.client = opened;
  ending.before?.(stage);
  const credentials = client.takesCredentialsInUrl ? `me:${SECRET}@` : '';
  const sent = opened.send({
    url: `${origin.replace('//', `//${credentials}`)}/path?token=${SECRET}`,
    method: ending.method ?? 'GET',
    headers: { Authorization: `Bearer ${SECRET}`, Cookie: `session=${SECRET}`, ...ending.headers },
    body: ending.body && Readable.from([SECRET]),
    signal: stage.caller.signal,
    signalOfAnother: stage.another.signal,
  });
  const ended = sent.then(
    (carrier) => ({ carrier, error: undefined }),
    (error: unknown) => ({ carrier: error as object, error }),
  );
  await ending.underWay?.(stage);
  const { carrier, error } = await ended;
  stage.over.abort();
  const record = getRetryStatistics(carrier);
  if (record === undefined) throw new Error('There is no record', { cause: error });
  return { key: origin, record, events, errors: causesOf(error) };
}

async function letWaitPass(ending: Ending, stage: Stage, delay: number): Promise<void> {
  if (ending.inWait) ending.inWait(stage);
  else await stage.clock.advance(delay);
}

function recordingHooks(
  events: [keyof RetryHooks, object][],
  own: RetryHooks | undefined,
  retryDecided: (event: RetryEvent) => void,
): RetryHooks {
  const tell = (hook: keyof RetryHooks) => (event: object) => {
    if ((event as { id?: unknown }).id !== OCCUPANT) events.push([hook, event]);
  };
  return {
    onAttempt: tell('onAttempt'),
    onRetry: (event) => {
      tell('onRetry')(event);
      retryDecided(event);
    },
    beforeRetry: (event) => {
      tell('beforeRetry')(event);
      return own?.beforeRetry?.(event);
    },
    onSuccess: tell('onSuccess'),
    onGiveUp: tell('onGiveUp'),
    onCircuitChange: tell('onCircuitChange'),
  };
}

/** The address of a server that is gone. */
async function deadUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}/`;
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let cause = error; cause !== undefined; cause = (cause as Error).cause) causes.push(cause);
  return causes;
}

/** The texts of the errors that are ours. */
export const ownMessages = ({ errors }: Played): string[] =>
  errors.filter((error) => error instanceof RetryError).map(String);
