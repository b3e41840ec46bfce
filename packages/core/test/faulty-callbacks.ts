/** Callbacks that misbehave, as those of users do. */

export function throwing(): never {
  throw new Error('oops');
}

/** A thenable that calls `then`, which need not return anything. */
// oxlint-disable unicorn/no-thenable -- such objects are what is tested
export function thenable(then: (resolve: (value: unknown) => void) => void): PromiseLike<never> {
  return { then } as unknown as PromiseLike<never>;
}

export const FAULTS: [how: string, callback: () => unknown][] = [
  ['throws', throwing],
  [
    'throws undefined',
    () => {
      throw undefined;
    },
  ],
  ['returns a rejected promise', () => Promise.reject(new Error('oops'))],
  ['returns a thenable that throws', () => thenable(throwing)],
];
