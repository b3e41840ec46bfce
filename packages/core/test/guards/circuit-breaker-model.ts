import type { CircuitBreakerSettings } from '../../src/guards/guard-options.ts';
import type { CircuitState } from '../../src/outcome.ts';

interface Call {
  readonly time: number;
  readonly failed: boolean;
  readonly slow: boolean;
}

export interface ModelPermit {
  readonly era: object;
  readonly probe: boolean;
}

/** The circuit breaker in its simplest words: it keeps every call, and decides by counting them. Its jitter is none. */
export class CircuitBreakerModel {
  state: CircuitState = 'closed';
  timesOpened = 0;
  refused = 0;
  openUntil = 0;
  /** Probes that were let through in this stay, and not cancelled. */
  probes = 0;
  readonly changes: string[] = [];
  readonly #settings: CircuitBreakerSettings;
  /** A new object for each state: permits of another one count for nothing. */
  #era: object = {};
  #calls: Call[] = [];
  #answers: Call[] = [];
  #openings = 0;
  #halfOpenUntil = 0;

  constructor(settings: CircuitBreakerSettings) {
    this.#settings = settings;
  }

  tick(now: number): void {
    if (this.state === 'open' && now >= this.openUntil) {
      this.#halfOpenUntil = Infinity;
      this.#become('half-open');
    } else if (this.state === 'half-open' && now >= this.#halfOpenUntil) {
      const answers = this.#answers.length;
      if (answers > 0 && !this.#fails(0, answers)) this.close();
      else this.#fall(now);
    }
  }

  acquire(retry: boolean, now: number): ModelPermit | undefined {
    this.tick(now);
    const { mode, probes } = this.#settings;
    if (this.state === 'closed' || (mode === 'retries' && !retry)) return { era: this.#era, probe: false };
    if (this.state === 'open' || this.probes === probes) {
      this.refused += 1;
      return undefined;
    }
    this.probes += 1;
    this.#halfOpenUntil = Math.min(this.#halfOpenUntil, now + this.#settings.maxHalfOpenTime);
    return { era: this.#era, probe: true };
  }

  end({ era }: ModelPermit, failed: boolean, duration: number, now: number): void {
    if (era !== this.#era) return;
    const { failureRate, minimumThroughput, probes, slowCallDuration, slowCallRate } = this.#settings;
    const call = { time: now, failed, slow: duration >= (slowCallDuration ?? Infinity) };
    if (this.state === 'closed') {
      this.#calls.push(call);
      const { calls, failures, slowCalls } = this.counts(now);
      if (calls < minimumThroughput || !(call.failed || call.slow)) return;
      if (isBad(failures, calls, failureRate) || isBad(slowCalls, calls, slowCallRate)) this.#fall(now);
    } else if (this.state === 'half-open') {
      this.#answers.push(call);
      const missing = Math.max(0, probes - this.#answers.length);
      if (this.#fails(0, probes)) this.#fall(now);
      else if (!this.#fails(missing, probes)) this.close();
    }
  }

  cancel({ era, probe }: ModelPermit): void {
    if (era !== this.#era || !probe) return;
    this.probes -= 1;
    if (this.probes === 0) this.#halfOpenUntil = Infinity;
  }

  open(): void {
    this.openUntil = Infinity;
    this.#become('open');
  }

  close(): void {
    this.#openings = 0;
    this.#calls = [];
    this.#become('closed');
  }

  reset(): void {
    this.timesOpened = 0;
    this.refused = 0;
    this.close();
  }

  counts(now: number): { calls: number; failures: number; slowCalls: number } {
    const { window } = this.#settings;
    const tenth = (time: number): number =>
      Math.floor(time / (('duration' in window ? window.duration : 1) / 10));
    const seen =
      'calls' in window
        ? this.#calls.slice(-window.calls)
        : this.#calls.filter(({ time }) => tenth(now) - tenth(time) < 10);
    return {
      calls: seen.length,
      failures: seen.filter(({ failed }) => failed).length,
      slowCalls: seen.filter(({ slow }) => slow).length,
    };
  }

  /** Whether the answers would be too bad if `more` bad ones came, among `all`. */
  #fails(more: number, all: number): boolean {
    const { failureRate, slowCallRate } = this.#settings;
    const failures = this.#answers.filter((answer) => answer.failed).length;
    const slow = this.#answers.filter((answer) => answer.slow).length;
    return isBad(failures + more, all, failureRate) || isBad(slow + more, all, slowCallRate);
  }

  #fall(now: number): void {
    const { maxOpenTime, openTime, openTimeGrowth } = this.#settings;
    this.openUntil = now + Math.min(maxOpenTime, openTime * openTimeGrowth ** this.#openings);
    this.#openings += 1;
    this.#become('open');
  }

  #become(state: CircuitState): void {
    this.#era = {};
    this.#answers = [];
    this.probes = 0;
    if (state === this.state) return;
    this.changes.push(`${this.state} → ${state}`);
    if (state === 'open') this.timesOpened += 1;
    this.state = state;
  }
}

function isBad(bad: number, all: number, rate: number | undefined): boolean {
  return bad / all >= (rate ?? 2);
}
