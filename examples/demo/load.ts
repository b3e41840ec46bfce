/** The load of a run over time: the requests that were sent, and what they were good for. */
import type { Behaviour } from '../unreliable-server/server.ts';
import type { Operation, Run } from './operations.ts';

/** One request, as the server saw it, or the client where the server can't be asked. */
export interface SentRequest {
  /** Epoch ms. */
  readonly time: number;
  readonly answered: boolean;
}

/** Part of a run. */
export interface LoadSlice {
  /** Ms since the start of the run. */
  readonly start: number;
  /** Requests that were sent. */
  readonly requests: number;
  /** Those of them that were answered with what they asked for. */
  readonly answered: number;
  /** Operations that ended, and succeeded. */
  readonly succeeded: number;
}

/** The load of one run. */
export interface RunLoad {
  readonly operations: number;
  readonly succeeded: number;
  readonly requests: number;
  readonly slices: readonly LoadSlice[];
}

/** The loads of a run and of the same run without retries, in slices of the same length. */
export interface Load {
  readonly measuredAt: 'server' | 'client';
  /** Ms. */
  readonly sliceLength: number;
  readonly withRetries: RunLoad;
  /** Missing where sending everything again was not asked for, or was interrupted. */
  readonly withoutRetries: RunLoad | undefined;
}

/** A run and its requests. */
export interface RecordedRun {
  readonly run: Run;
  readonly requests: readonly SentRequest[];
}

/** Keeps the requests that arrive at a server. */
export class RequestLog {
  readonly requests: SentRequest[] = [];

  readonly onRequest = (behaviour: Behaviour): void => {
    this.requests.push({ time: Date.now(), answered: behaviour === 'ok' });
  };
}

/** The requests of a run by its own account. */
export function requestsOf(operations: readonly Operation[]): SentRequest[] {
  return operations.flatMap(({ statistics }) =>
    (statistics?.attempts ?? []).map(({ startTime, success }) => ({ time: startTime, answered: success })),
  );
}

/** Slices the runs. */
export function measureLoad(
  measuredAt: Load['measuredAt'],
  withRetries: RecordedRun,
  withoutRetries: RecordedRun | undefined,
): Load {
  const longest = Math.max(...[withRetries, withoutRetries].map((recorded) => durationOf(recorded?.run)));
  const sliceLength = roundLength(longest / SLICES);
  return {
    measuredAt,
    sliceLength,
    withRetries: slice(withRetries, sliceLength),
    withoutRetries: withoutRetries && slice(withoutRetries, sliceLength),
  };
}

/** As many as a picture can show. */
const SLICES = 40;
const ROUND_LENGTHS = [1, 2, 2.5, 5, 10];

/** The next longer length that divides a second, or is made of seconds, and so makes for round axes. */
function roundLength(length: number): number {
  const power = 10 ** Math.max(1, Math.floor(Math.log10(Math.max(1, length))));
  return power * (ROUND_LENGTHS.find((factor) => power * factor >= length) ?? 10);
}

function durationOf(run: Run | undefined): number {
  return run === undefined ? 0 : run.endTime - run.startTime;
}

function slice({ requests, run }: RecordedRun, length: number): RunLoad {
  const { operations, startTime } = run;
  const succeeded = operations.filter((operation) => operation.succeeded);
  // What ends with the run is part of it.
  const slices = Array.from({ length: Math.floor(durationOf(run) / length) + 1 }, (_, index) => ({
    start: index * length,
    requests: 0,
    answered: 0,
    succeeded: 0,
  }));
  const at = (time: number): (typeof slices)[number] | undefined =>
    slices[Math.min(slices.length - 1, Math.max(0, Math.floor((time - startTime) / length)))];
  for (const { answered, time } of requests) {
    const part = at(time);
    if (!part) continue;
    part.requests += 1;
    if (answered) part.answered += 1;
  }
  for (const { endTime } of succeeded) {
    const part = at(endTime);
    if (part) part.succeeded += 1;
  }
  return { operations: operations.length, succeeded: succeeded.length, requests: requests.length, slices };
}
