/** All that is known of a run, as one document: `--json` prints it, and `--report` draws it. */
import type { Jitter, StatisticsSnapshot } from '@tenax/core';

import { countByAttemptNumber } from './attempt-numbers.ts';
import type { AttemptNumber } from './attempt-numbers.ts';
import type { ClientName } from './clients/clients.ts';
import type { Load } from './load.ts';
import type { Operation, Run } from './operations.ts';
import { summarize } from './report.ts';
import type { Summary } from './report.ts';
import type { Settings } from './settings.ts';
import type { StrategyWaits } from './strategies.ts';

/** What was asked for. Headers are left out, and the query of a URL: both may be secret. */
export interface RunSettings {
  /** Missing where the unreliable server was the target. */
  readonly url: string | undefined;
  /** Missing where the target was a URL. */
  readonly failureRate: number | undefined;
  readonly method: string;
  readonly requests: number;
  readonly concurrency: number;
  readonly seed: number;
  readonly maxAttempts: number;
  readonly strategy: string;
  readonly jitter: Jitter;
  /** All times are ms. */
  readonly baseDelay: number;
  readonly maxDelay: number;
  readonly attemptTimeout: number | undefined;
  readonly timeout: number | undefined;
  readonly resume: boolean;
}

/** One run of the demo. Survives `JSON.stringify` and `JSON.parse`. */
export interface RunDocument {
  readonly client: ClientName;
  /** Epoch ms. */
  readonly startTime: number;
  /** Epoch ms. */
  readonly endTime: number;
  readonly settings: RunSettings;
  readonly summary: Summary;
  readonly operations: readonly Operation[];
  readonly attemptNumbers: readonly AttemptNumber[];
  readonly strategies: readonly StrategyWaits[];
  readonly load: Load;
  readonly statistics: StatisticsSnapshot;
}

/** Writes down a run. */
export function describeRun(
  settings: Settings,
  run: Run,
  strategies: readonly StrategyWaits[],
  load: Load,
): RunDocument {
  const { endTime, engine, operations, startTime } = run;
  return {
    client: settings.client,
    startTime,
    endTime,
    settings: describeSettings(settings, run),
    summary: summarize(operations),
    operations,
    attemptNumbers: countByAttemptNumber(operations),
    strategies,
    load,
    statistics: engine.statistics.snapshot(),
  };
}

function describeSettings(settings: Settings, { engine: { policy } }: Run): RunSettings {
  const { concurrency, failureRate, method, requests, seed, url } = settings;
  return {
    url: url === undefined ? undefined : new URL(url).origin + new URL(url).pathname,
    failureRate: url === undefined ? failureRate : undefined,
    method,
    requests,
    concurrency,
    seed,
    maxAttempts: policy.maxAttempts,
    strategy: typeof policy.strategy === 'string' ? policy.strategy : 'custom',
    jitter: policy.jitter,
    baseDelay: policy.baseDelay,
    maxDelay: policy.maxDelay,
    attemptTimeout: policy.attemptTimeout,
    timeout: policy.timeout,
    resume: policy.resume,
  };
}
