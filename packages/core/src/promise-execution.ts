/** Drives an operation whose client answers by promises. */

import type { SentAttempt } from './attempt-history.ts';
import { Attempt } from './attempt.ts';
import type { Discarding, Exchange } from './exchange.ts';
import { Execution } from './execution.ts';
import type { BegunAttempt, EngineState } from './execution.ts';
import type { Hedging } from './guards/hedging.ts';
import { HedgedRound } from './hedge.ts';
import { Interruption } from './interruption.ts';
import { SUCCESS } from './outcome.ts';
import type { Classification, Outcome } from './outcome.ts';
import type { RetryPolicy } from './policy.ts';

/** One of several attempts that run beside each other. */
interface Leg extends SentAttempt {
  readonly attempt: Attempt;
}

/** An attempt that threw. */
interface FailedSend {
  readonly error: unknown;
  readonly attempt: Attempt | undefined;
}

/** How an attempt ended. */
interface AttemptEnd<T> {
  readonly value: T | undefined;
  /** Absent for a success that needs no words. */
  readonly outcome: Outcome | undefined;
  readonly classification: Classification;
  readonly endedAt: number;
}

/** Runs one exchange to its end. */
export class PromiseExecution<T> extends Execution {
  readonly #exchange: Exchange<T>;

  constructor(exchange: Exchange<T>, policy: RetryPolicy, engine: EngineState, first?: BegunAttempt) {
    super(exchange, policy, engine, first);
    this.#exchange = exchange;
  }

  /** Goes on where the first attempt has failed that was begun without this. */
  failed(error: unknown, attempt: Attempt): Promise<T> {
    return this.#end({ error, attempt });
  }

  /** The same where it was answered, and that is a failure. */
  answered(value: T, outcome: Outcome, endedAt: number): Promise<T> {
    return this.#end({ value, outcome, classification: this.classify(outcome), endedAt });
  }

  /**
   * Most operations succeed at once, so their way has no asynchronous function on it: its state alone would be half of
   * what they allocate.
   */
  run(): Promise<T> {
    this.#exchange.begin?.(this.policy);
    if (this.callerSignal?.aborted) throw this.endInterrupted(this.abortion()).reason;
    this.open();
    if (this.#mayWait) return this.#end(undefined);
    const { startedAt } = this.operation;
    let attempt: Attempt | undefined;
    let sent: T | PromiseLike<T>;
    try {
      attempt = this.#beginFirst(startedAt);
      sent = this.#send(attempt, startedAt);
    } catch (error) {
      return this.#end({ error, attempt });
    }
    return Promise.resolve(sent).then(
      (value) => this.#firstAnswered(value, attempt),
      (error: unknown) => this.#end({ error, attempt }),
    );
  }

  #firstAnswered(value: T, attempt: Attempt): T | Promise<T> {
    let end: AttemptEnd<T>;
    try {
      end = this.#answered(value);
    } catch (error) {
      return this.#end({ error, attempt });
    }
    if (end.classification.failureClass !== undefined) return this.#end(end);
    this.succeed(value, end.outcome, end.endedAt);
    this.close();
    return value;
  }

  /** What has not succeeded at once: its end, or that of the attempts that follow. */
  async #end(first: AttemptEnd<T> | FailedSend | undefined): Promise<T> {
    try {
      return await this.#untilEnd(first && 'error' in first ? this.#failed(first) : first);
    } catch (error) {
      if (Interruption.is(error)) throw this.endInterrupted(error).reason;
      throw error;
    } finally {
      this.close();
    }
  }

  /** Whether something comes before the first attempt, beside it or after its success. */
  get #mayWait(): boolean {
    const { bulkhead, hedge, pacer, shouldRetry } = this.policy;
    return bulkhead !== false || hedge !== false || pacer !== false || shouldRetry !== undefined;
  }

  #beginFirst(startedAt: number): Attempt {
    this.begin(startedAt);
    // Without a pacer there is nothing to wait for: the circuit breaker answers at once.
    if (this.isGuarded) void this.pass(startedAt);
    return this.beginAttempt(startedAt);
  }

  /** Without a signal or a timeout nothing can come first, and an attempt costs no further promise. */
  #send(attempt: Attempt, startedAt: number): T | PromiseLike<T> {
    const sent = this.#sendNow(attempt);
    return this.bounded || this.callerSignal ? this.#bound(sent, startedAt) : sent;
  }

  #sendNow(attempt: Attempt): T | PromiseLike<T> {
    const { observation } = this;
    if (observation === undefined) return this.#exchange.send(attempt);
    return observation.send(attempt.number, () => this.#exchange.send(attempt));
  }

  /**
   * Everything from the end of an attempt on; from the start of the operation where nothing was sent yet.
   *
   * @throws Interruption when the operation ends from outside
   */
  async #untilEnd(first: AttemptEnd<T> | undefined): Promise<T> {
    if (first === undefined) {
      const entering = this.enter();
      if (entering) await this.#entered(entering);
      else this.begin(this.operation.startedAt);
    }
    for (let end = first ?? (await this.#attempt()); ; end = await this.#attempt()) {
      const { classification, endedAt, value } = end;
      if (classification.failureClass === undefined) {
        this.succeed(value, end.outcome, endedAt);
        return value as T;
      }
      const outcome = end.outcome as Outcome;
      const decision = this.decide(outcome, classification, endedAt);
      if (decision.action === 'stop') {
        const failure = this.giveUp(outcome, value);
        if (failure) throw failure.reason;
        return value as T;
      }
      await this.prepareRetry(decision, outcome, this.#discardOutcome(outcome, value));
      this.throwIfInterrupted();
    }
  }

  async #entered(entering: Promise<void>): Promise<void> {
    await entering;
    this.throwIfInterrupted();
    this.begin(this.policy.clock.now());
  }

  /** One attempt, with its way through the guards, its hedges, and the user's verdict on it. */
  async #attempt(): Promise<AttemptEnd<T>> {
    let startedAt = this.policy.clock.now();
    const passing = this.isGuarded ? this.pass(startedAt) : undefined;
    if (passing) {
      await passing;
      this.throwIfInterrupted();
      startedAt = this.policy.clock.now();
    }
    const attempt = this.beginAttempt(startedAt);
    const { hedging } = this;
    let end: AttemptEnd<T>;
    try {
      if (hedging) {
        end = await this.#hedged(hedging, attempt, startedAt);
        this.attemptTimer?.cancel();
        return end;
      }
      const value = await this.#send(attempt, startedAt);
      end = this.#answered(value);
    } catch (error) {
      end = this.#failed({ error, attempt });
    }
    const { outcome, value } = end;
    const { shouldRetry } = this.policy;
    if (!shouldRetry || !outcome || end.classification.failureClass === 'aborted') return end;
    try {
      const classification = await this.askShouldRetry(outcome, end.classification);
      this.throwIfInterrupted();
      return { ...end, classification };
    } catch (interruption) {
      drop(this.#discardOutcome(outcome, value));
      throw interruption;
    }
  }

  #answered(value: T): AttemptEnd<T> {
    this.attemptTimer?.cancel();
    const outcome = this.#outcomeOf(value);
    const endedAt = this.policy.clock.now();
    return { value, outcome, classification: outcome ? this.classify(outcome) : SUCCESS, endedAt };
  }

  /** `undefined` for a success that nobody asks about. */
  #outcomeOf(value: T): Outcome | undefined {
    const outcome = this.#exchange.describe?.(value);
    return outcome === undefined && this.policy.shouldRetry ? { kind: 'value', value } : outcome;
  }

  /** Throws what ends the whole operation. */
  #failed({ attempt, error }: FailedSend): AttemptEnd<T> {
    // Not even begun: a guard has refused it.
    if (attempt === undefined) throw error;
    const outcome = this.describeError(this.#ownError(error, attempt));
    this.attemptTimer?.cancel();
    const endedAt = this.policy.clock.now();
    return { value: undefined, outcome, classification: this.classify(outcome), endedAt };
  }

  #bound(sent: T | PromiseLike<T>, startedAt: number): Promise<T> {
    this.limitAttempt(startedAt);
    return this.unlessInterrupted(Promise.resolve(sent), (late) => {
      drop(this.#exchange.discard?.(late));
    });
  }

  /** An attempt, and others beside it when it is slow or fails. What it ends with is the end that counts. */
  async #hedged(hedging: Hedging, first: Attempt, startedAt: number): Promise<AttemptEnd<T>> {
    const round = new HedgedRound<Leg>(hedging, this.policy);
    const end = new Promise<AttemptEnd<T>>((resolve, reject) => {
      const send = (leg: Leg): void => {
        this.#runLeg(leg, round).then((ended) => {
          if (ended) resolve(ended);
        }, reject);
      };
      const sendHedge = (tell?: () => void): void => {
        const sent = this.operation.beginHedge(this.policy.clock.now());
        const leg = { ...sent, attempt: new Attempt(this, sent.number, this.previous) };
        round.add(leg);
        tell?.();
        this.hedged(sent, undefined);
        // A callback may have ended the operation: this leg ends with it, like the others.
        if (this.pendingInterruption()) return;
        this.announce(leg.attempt, true);
        send(leg);
      };
      const leg = { attempt: first, number: first.number, startedAt, hedged: false };
      round.begin(leg, sendHedge, () => this.canHedge);
      send(leg);
    });
    try {
      this.limitAttempt(startedAt);
      return await this.unlessInterrupted(end, ({ outcome, value }) => {
        drop(this.#discardOutcome(outcome, value));
      });
    } catch (interruption) {
      // The first of those that are still under way stands for all of them.
      const [current, ...others] = round.end();
      const ended = Interruption.is(interruption) ? interruption : undefined;
      const reason = ended ? this.reasonOf(ended) : interruption;
      const why = ended?.kind ?? 'hedge_lost';
      const failureClass = why === 'caller_aborted' || why === 'hedge_lost' ? 'aborted' : 'timeout';
      for (const leg of others) {
        leg.attempt.abort(reason);
        this.endBeside(leg, undefined, failureClass, why);
      }
      if (current) {
        current.attempt.abort(reason);
        this.operation.focus(current);
      }
      throw interruption;
    }
  }

  /** Runs one of several attempts. Its end, if that ends them all. */
  async #runLeg(leg: Leg, round: HedgedRound<Leg>): Promise<AttemptEnd<T> | undefined> {
    let value: T | undefined;
    let outcome: Outcome | undefined;
    try {
      value = await this.#sendNow(leg.attempt);
      outcome = this.#outcomeOf(value);
    } catch (error) {
      outcome = this.describeError(error);
    }
    const endedAt = this.policy.clock.now();
    let classification = outcome ? this.classify(outcome) : SUCCESS;
    if (outcome && round.has(leg) && classification.failureClass !== 'aborted') {
      classification = await this.askShouldRetry(outcome, classification, leg);
    }
    if (!round.has(leg)) {
      // It has lost, or the operation has ended: its response is nobody's.
      drop(this.#discardOutcome(outcome, value));
      return undefined;
    }
    const { failureClass, reason, retryable } = classification;
    if (outcome && failureClass !== undefined && retryable) {
      const goesOn = round.failed(leg, this.hasHint(outcome), () => {
        this.endBeside(leg, outcome, failureClass, reason);
      });
      if (goesOn) {
        drop(this.#discardOutcome(outcome, value));
        return undefined;
      }
    }
    for (const other of round.end()) {
      if (other === leg) continue;
      this.endBeside(other, undefined, 'aborted', 'hedge_lost');
      other.attempt.abort(new DOMException('Another attempt answered first', 'AbortError'));
    }
    this.operation.focus(leg);
    return { value, outcome, classification, endedAt };
  }

  /** The error of an attempt as the state machine is to see it. Throws what ends the whole operation. */
  #ownError(error: unknown, attempt: Attempt): unknown {
    const interruption = this.pendingInterruption() ?? (Interruption.is(error) ? error : undefined);
    if (interruption === undefined) return error;
    const reason = this.reasonOf(interruption);
    attempt.abort(reason);
    if (interruption.kind === 'attempt_timeout') return reason;
    throw new Interruption(interruption.kind, reason);
  }

  #discardOutcome(outcome: Outcome | undefined, value: T | undefined): Discarding | undefined {
    return outcome?.kind === 'error'
      ? this.#exchange.discardError?.(outcome.error)
      : this.#exchange.discard?.(value as T);
  }
}

/** Gives a connection up. A body that its own abort has broken already says so to nobody. */
function drop(discarding: Discarding | undefined): void {
  discarding?.finished.then(undefined, () => undefined);
  discarding?.cancel();
}
