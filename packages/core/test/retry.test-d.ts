import { expectTypeOf } from 'vitest';

import { createRetryEngine, getRetryStatistics, retry, retryable, withRetry } from '../src/index.ts';
import type { AttemptContext, RequestStatistics } from '../src/index.ts';
import { scriptedOperation, virtualClock } from '../src/testing/index.ts';

const engine = createRetryEngine({ clock: virtualClock() });

expectTypeOf(engine.execute(() => 1)).toEqualTypeOf<Promise<number>>();
expectTypeOf(engine.execute(async () => Promise.resolve('x'))).toEqualTypeOf<Promise<string>>();
expectTypeOf(engine.execute((attempt) => attempt)).toEqualTypeOf<Promise<AttemptContext>>();
expectTypeOf(retry(() => Promise.resolve(1), { maxAttempts: 2 }, { id: 'x' })).toEqualTypeOf<
  Promise<number>
>();
expectTypeOf(getRetryStatistics({})).toEqualTypeOf<RequestStatistics | undefined>();
expectTypeOf(engine.execute(scriptedOperation(['a', new Error('x')]))).toEqualTypeOf<Promise<string>>();

// @ts-expect-error an unknown option
createRetryEngine({ attempts: 3 });
// @ts-expect-error a decorrelated strategy takes no jitter
createRetryEngine({ strategy: 'decorrelated', jitter: 'full' });
// @ts-expect-error retry options belong into `retry`
void engine.execute(() => 1, { maxAttempts: 3 });

const load = withRetry(async function (this: { base: string }, id: string, depth?: number) {
  return Promise.resolve({ url: `${this.base}/${id}`, depth });
});
expectTypeOf<Parameters<typeof load>>().toEqualTypeOf<[id: string, depth?: number | undefined]>();
expectTypeOf<ThisParameterType<typeof load>>().toEqualTypeOf<{ base: string }>();
expectTypeOf(load).returns.resolves.toEqualTypeOf<{ url: string; depth: number | undefined }>();
// A function that is not asynchronous becomes so.
expectTypeOf(withRetry((text: string) => text.length)).toEqualTypeOf<
  (this: unknown, text: string) => Promise<number>
>();

class SpecialPromise extends Promise<number> {
  cancel(): void {
    // Only its type is of interest.
  }
}

class Users {
  @retryable({ maxAttempts: 5 })
  async load(id: string): Promise<number> {
    return Promise.resolve(id.length);
  }

  @retryable()
  static async count(): Promise<number> {
    return Promise.resolve(1);
  }

  @retryable()
  async find<T extends object>(_id: string, otherwise: T): Promise<T> {
    return Promise.resolve(otherwise);
  }

  // @ts-expect-error a method that returns more than a promise would change its type
  @retryable()
  special(): SpecialPromise {
    return new SpecialPromise(() => undefined);
  }

  // @ts-expect-error a method that returns no promise would change its type
  @retryable()
  sync(): number {
    return 1;
  }

  // @ts-expect-error a field is no method
  @retryable()
  field = 1;
}

class Cell<Values extends object> {
  readonly #values: Values;

  constructor(values: Values) {
    this.#values = values;
  }

  @retryable()
  async get<Name extends keyof Values>(name: Name): Promise<Values[Name]> {
    return Promise.resolve(this.#values[name]);
  }
}
expectTypeOf(new Cell({ a: 1, b: 'x' }).get('a')).toEqualTypeOf<Promise<number>>();
expectTypeOf(new Users().load('1')).toEqualTypeOf<Promise<number>>();
expectTypeOf(new Users().find('1', { a: 1 })).toEqualTypeOf<Promise<{ a: number }>>();
expectTypeOf(Users.count()).toEqualTypeOf<Promise<number>>();
