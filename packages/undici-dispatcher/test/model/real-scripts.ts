/** Random scripts for a network that is really there. */

import * as fc from 'fast-check';

import { scripts } from './arbitraries.ts';
import { LONG } from './patient-clock.ts';
import { describeScript } from './readable.ts';
import type { Attempt, Script } from './script.ts';

/** The same scripts, without what only a scripted clock or dispatcher can do. */
export const realScripts: fc.Arbitrary<Script> = scripts.map(
  ({ attempts, caller, options, seed, entitySize }) => {
    const script: Script = {
      attempts: attempts.map(real),
      // Its limits are long waits: the server ends them when it falls silent.
      options: { ...options, baseDelay: 1, timeout: undefined, attemptTimeout: LONG + 0.5 },
      caller: {
        ...caller,
        abort: typeof caller.abort === 'object' && 'callback' in caller.abort ? caller.abort : undefined,
        pauses: caller.pauses.map((pause) => ({
          ...pause,
          duration: Math.min(pause.duration, 20),
        })),
      },
      closing: undefined,
      entitySize,
      seed,
    };
    return { ...script, [fc.toStringMethod]: () => `\n${describeScript(script)}\n` };
  },
);

function real(attempt: Attempt): Attempt {
  const pace = { delivery: 'timers', delays: [0], restarted: false } as const;
  if (attempt.kind === 'response') {
    return {
      ...attempt,
      ...pace,
      retryAfter: attempt.retryAfter === '250' ? '7' : attempt.retryAfter,
      // Each costs a timeout of undici's: few will do.
      ending: attempt.ending === 'stalled' && attempt.chunksBeforeEnding > 1 ? 'truncated' : attempt.ending,
    };
  }
  return { ...attempt, ...pace, kind: attempt.kind === 'silent' ? 'silent' : 'reset' };
}
