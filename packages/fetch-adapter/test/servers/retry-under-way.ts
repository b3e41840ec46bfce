// A retry that is sent only when whatever was under way before it has gone on.
import { setImmediate as turn } from 'node:timers/promises';

const TURNS = 50;

/** Whatever is under way goes on for some turns of the event loop. */
export async function someTurns(): Promise<void> {
  for (let count = 0; count < TURNS; count += 1) await turn();
}

/** The promise of the first retry, and the hook that fulfils it and then lets everything else go on. */
export function retryUnderWay(): { goOn: Promise<void>; beforeRetry: () => Promise<void> } {
  const { promise: goOn, resolve } = Promise.withResolvers<void>();
  const beforeRetry = async (): Promise<void> => {
    resolve();
    await someTurns();
  };
  return { goOn, beforeRetry };
}
