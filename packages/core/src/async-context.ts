/** The asynchronous context of a moment, for what happens later within somebody else's. */

import { builtinModule } from './builtin-module.ts';

/** What is asked of Node's AsyncResource. */
export interface AsyncContext {
  runInAsyncScope(run: () => void): void;
  emitDestroy(): unknown;
}

interface AsyncHooksModule {
  readonly AsyncResource: new (
    type: string,
    options: { readonly requireManualDestroy: boolean },
  ) => AsyncContext;
}

const { AsyncResource } = /* @__PURE__ */ openHooks();
const OPTIONS = { requireManualDestroy: true };

function openHooks(): Partial<AsyncHooksModule> {
  return builtinModule<AsyncHooksModule>('node:async_hooks') ?? {};
}

/** Whatever context it is run in. */
const ANY_CONTEXT: AsyncContext = {
  runInAsyncScope(run) {
    run();
  },
  emitDestroy: () => undefined,
};

/** The context that this is called in, where the runtime has any. Call `emitDestroy` when it is not needed any more. */
export function currentContext(): AsyncContext {
  return AsyncResource ? new AsyncResource('TENAX', OPTIONS) : ANY_CONTEXT;
}
