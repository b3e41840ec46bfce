/** The modules of Node, where the runtime has them; core itself runs anywhere. */

/** A built-in module such as `node:async_hooks`; `undefined` where there is none. `Module` is the part that is used. */
export function builtinModule<Module>(name: string): Partial<Module> | undefined {
  const { process } = globalThis as {
    process?: { getBuiltinModule?: (module: string) => Partial<Module> | undefined };
  };
  return process?.getBuiltinModule?.(name);
}
