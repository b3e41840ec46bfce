import { vi } from 'vitest';
import type { Mock } from 'vitest';

import type { AttemptContext, CallOptions, Discarding, Exchange } from '../src/exchange.ts';
import type { Outcome } from '../src/outcome.ts';
import { response } from './operation-driver.ts';

export interface FakeResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
}

export type FakeStep =
  | number
  | [status: number, headers: Record<string, string>]
  | Error
  | Promise<FakeResponse>;

/** An exchange whose server answers by a script, one step an attempt. */
export class FakeExchange implements Exchange<FakeResponse> {
  readonly call: CallOptions;
  readonly url = 'https://a.example/path?secret=1';
  readonly hasIdempotencyKey: boolean;
  readonly replayable: boolean;
  readonly attempts: AttemptContext[] = [];
  /** Copies of the headers that each attempt was to send. */
  readonly sentHeaders: Record<string, string>[] = [];
  readonly discard: Mock<(value: FakeResponse) => Discarding | undefined> =
    vi.fn<(value: FakeResponse) => Discarding | undefined>();
  readonly release: Mock<(failure?: { readonly reason: unknown }) => void> =
    vi.fn<(failure?: { readonly reason: unknown }) => void>();
  readonly #steps: readonly FakeStep[];

  constructor(
    steps: readonly FakeStep[],
    given: { call?: CallOptions; replayable?: boolean; hasIdempotencyKey?: boolean } = {},
  ) {
    this.#steps = steps;
    this.call = given.call ?? { method: 'GET' };
    this.replayable = given.replayable ?? true;
    this.hasIdempotencyKey = given.hasIdempotencyKey ?? false;
  }

  send(attempt: AttemptContext): FakeResponse | Promise<FakeResponse> {
    this.attempts.push(attempt);
    this.sentHeaders.push(Object.fromEntries(attempt.headers ?? []));
    const step = this.#steps[attempt.number - 1];
    if (step === undefined) throw new RangeError('the script is at its end');
    if (step instanceof Error) return Promise.reject(step);
    if (step instanceof Promise) return step;
    const [status, headers] = typeof step === 'number' ? [step, {}] : step;
    return Promise.resolve({ status, headers });
  }

  describe({ headers, status }: FakeResponse): Outcome {
    return response(status, headers);
  }
}
