import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects garbage until `done` says so, at most for a hundred turns: finalizers run when they like. */
export async function collectGarbage(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) {
    // A WeakRef that was looked at holds its object until the turn ends.
    await nextTurn();
    collect();
    await nextTurn();
    if (done()) return;
  }
}
