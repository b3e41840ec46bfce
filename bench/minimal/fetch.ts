// The least that the fetch of DESIGN comes to: a schema of the options, requests that can be sent again, discarded bodies.

import * as z from 'zod/mini';

import { AllGuards } from './guards.ts';
import type { GuardOptions } from './guards.ts';
import { run, Sums } from './retries.ts';
import type { Options } from './retries.ts';

const ms = () => z.number().check(z.gte(0));
const share = () => z.number().check(z.gte(0), z.lte(1));
const schema = z.strictObject({
  maxAttempts: z.optional(z.number().check(z.gte(1))),
  strategy: z.optional(z.literal(['fixed', 'linear', 'exponential', 'fibonacci', 'decorrelated'])),
  jitter: z.optional(z.literal(['none', 'full', 'equal'])),
  baseDelay: z.optional(ms()),
  throttledBaseDelay: z.optional(ms()),
  maxDelay: z.optional(ms()),
  multiplier: z.optional(z.number().check(z.gte(1))),
  attemptTimeout: z.optional(ms()),
  timeout: z.optional(ms()),
  longestHint: z.optional(ms()),
  idempotencyKey: z.optional(z.custom<string>((key) => typeof key === 'string')),
  ratio: z.optional(share()),
  minPerSecond: z.optional(z.number()),
  window: z.optional(ms()),
  failureRate: z.optional(share()),
  slowCallDuration: z.optional(ms()),
  minimumThroughput: z.optional(z.number()),
  openTime: z.optional(ms()),
  maxOpenTime: z.optional(ms()),
  probes: z.optional(z.number()),
  maxConcurrent: z.optional(z.number()),
  maxQueue: z.optional(z.number()),
  queueTimeout: z.optional(ms()),
  minRate: z.optional(z.number()),
  quantile: z.optional(share()),
  maxExtraLoad: z.optional(share()),
});

const DEFAULTS = {
  maxAttempts: 3,
  strategy: 'exponential',
  jitter: 'full',
  baseDelay: 100,
  throttledBaseDelay: 1000,
  maxDelay: 20_000,
  multiplier: 2,
  longestHint: 60_000,
  ratio: 0.2,
  minPerSecond: 10,
  window: 10_000,
  failureRate: 1,
  slowCallDuration: Infinity,
  minimumThroughput: 20,
  openTime: 5000,
  maxOpenTime: 60_000,
  probes: 3,
  maxConcurrent: Infinity,
  maxQueue: 0,
  queueTimeout: 1000,
  minRate: 0.5,
  quantile: 0.95,
  maxExtraLoad: 0,
} as const;

export function createMinimalFetch(given: object = {}): typeof fetch {
  const options = { ...DEFAULTS, ...schema.parse(given) } as Options & GuardOptions;
  const sums = new Sums();
  const byOrigin = new Map<string, AllGuards<Response>>();
  return async (input, init) => {
    const request = new Request(input, init);
    const { origin } = new URL(request.url);
    const guards = byOrigin.get(origin) ?? new AllGuards<Response>(options, sums);
    byOrigin.set(origin, guards);
    if (options.idempotencyKey) request.headers.set('idempotency-key', options.idempotencyKey);
    let last: Response | undefined;
    const send = async (signal: AbortSignal): Promise<Response> => {
      await last?.body?.cancel();
      last = undefined;
      return (last = await fetch(request.clone(), { signal }));
    };
    return run(send, request.method, options, sums, guards, request.signal);
  };
}
