import { createCircuitBreaker } from '../../src/guards/circuit-breaker.ts';
import type { CircuitBreaker } from '../../src/guards/circuit-breaker.ts';
import type { CircuitBreakerOptions } from '../../src/guards/guard-options.ts';
import { manualClock } from './manual-clock.ts';
import type { ManualClock } from './manual-clock.ts';

export const OPEN_TIME = 100;

/** A breaker, its clock and what it did. */
interface Observed {
  readonly breaker: CircuitBreaker;
  readonly changes: readonly string[];
  readonly clock: ManualClock;
  readonly halfOpen: () => void;
}

/** A breaker that one failure opens. */
export function eagerBreaker(options: CircuitBreakerOptions = {}): Observed {
  const clock = manualClock();
  const settings = { minimumThroughput: 1, openTime: OPEN_TIME, openTimeJitter: 0, ...options };
  const breaker = createCircuitBreaker(settings, { clock, random: () => 0 });
  const changes: string[] = [];
  breaker.subscribe((to, from) => void changes.push(`${from} → ${to}`));
  const halfOpen = (): void => {
    breaker.failed(breaker.tryAcquire()!, 1);
    clock.time += OPEN_TIME;
  };
  return { breaker, changes, clock, halfOpen };
}
