/** What is made when it is first asked for: whoever only imports core pays nothing for it, nor does their bundle. */

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

type Makers = Readonly<Record<string, () => unknown>>;
type Made<M extends Makers> = { [Name in keyof M]: ReturnType<M[Name]> };

/** The same functions, each of which makes what it makes once. */
export function lazy<M extends Makers>(makers: M): M {
  return Object.fromEntries(Object.entries(makers).map(([name, make]) => [name, once(make)])) as M;
}

/** `more` replaces some of the functions and adds others. */
export function extended<Base extends Makers, More extends Makers>(
  base: Base,
  more: More,
): Omit<Base, keyof More> & More {
  return { ...base, ...lazy(more) };
}

export function makeAll<M extends Makers>(makers: M): Made<M> {
  return Object.fromEntries(Object.entries(makers).map(([name, make]) => [name, make()])) as Made<M>;
}
