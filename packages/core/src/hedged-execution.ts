/** Drives an operation whose attempts may run beside each other. */

import type { AttemptEntry } from './attempt-entry.ts';
import { Attempt } from './attempt.ts';
import { countAttempt, tellOfAttempt } from './end-report.ts';
import { EventExecution } from './event-execution.ts';
import type { AttemptContext } from './exchange.ts';
import type { Hedging } from './guards/hedging.ts';
import { HedgedRound } from './hedge.ts';
import type { Leg } from './hedge.ts';
import { reportRetry } from './hooks.ts';
import { isIdempotent } from './http/methods.ts';
import type { Interruption } from './interruption.ts';
import type {
  Classification,
  FailureClass,
  InterruptionKind,
  Outcome,
  RetryReason,
  StopReason,
} from './outcome.ts';

/** An execution whose attempts are rounds: an attempt, and hedges where the request may have any. */
export class HedgedExecution extends EventExecution {
  /** Set while attempts may run beside each other. */
  #round: HedgedRound | undefined;

  protected override sendAttempt(attempt: Attempt): void {
    const hedging = this.#hedging;
    if (hedging !== undefined) this.#beginRound(attempt, hedging);
    super.sendAttempt(attempt);
  }

  /** How hedges are sent, where this request may have any. */
  get #hedging(): Hedging | undefined {
    const { exchange, operation, policy } = this;
    if (operation.hinted || operation.attemptNumber >= policy.maxAttempts) return undefined;
    if (!(exchange.concurrent ?? true) || !isIdempotent(this, policy.methods)) return undefined;
    return this.guards?.hedging;
  }

  #beginRound(attempt: Attempt, hedging: Hedging): void {
    this.#round = new HedgedRound(
      hedging,
      this.policy,
      (tell) => {
        this.#sendHedge(tell);
      },
      () => this.#canHedge,
    );
    this.#round.begin(attempt, this.operation.currentAttempt);
  }

  /** Whether one more hedge may be sent in a round that is under way. */
  get #canHedge(): boolean {
    if (this.pendingInterruption() || this.exchange.closing) return false;
    return this.operation.attemptNumber < this.policy.maxAttempts;
  }

  #sendHedge(tell: (() => void) | undefined): void {
    const round = this.#round;
    tell?.();
    if (this.#hasEndedRound(round)) return;
    reportRetry(this.operation, { action: 'retry', delay: 0, reason: 'hedged' }, undefined);
    if (round === undefined || this.#hasEndedRound(round)) return;
    // Another attempt may have failed within a callback, and the last hedge been sent in its place.
    if (this.operation.attemptNumber >= this.policy.maxAttempts) return;
    const entry = this.operation.beginHedge(this.policy.clock.now());
    const attempt = new Attempt(this, entry.number, this.previous);
    round.add(attempt, entry);
    this.attempt ??= attempt;
    this.announce(attempt, true);
    if (this.#hasEndedRound(round)) return;
    round.handingOver = attempt;
    super.sendAttempt(attempt);
    round.handingOver = undefined;
  }

  /** A callback may have ended the operation: with those under way, or here where nothing is. */
  #hasEndedRound(round: HedgedRound | undefined): boolean {
    return this.#round !== round || this.endIfInterrupted();
  }

  protected override isUnderWay(attempt: AttemptContext): boolean {
    return super.isUnderWay(attempt) || this.#round?.legOf(attempt) !== undefined;
  }

  protected override entryOf(attempt: AttemptContext): AttemptEntry {
    return this.#round?.legOf(attempt)?.entry ?? super.entryOf(attempt);
  }

  protected override take(attempt: AttemptContext): boolean {
    const leg = this.#round?.legOf(attempt);
    if (leg === undefined) return super.take(attempt);
    this.#round?.take(attempt);
    this.#endOthers(leg);
    return true;
  }

  protected override interruptAttempt(kind: InterruptionKind, reason: unknown, attempt: Attempt): void {
    if (kind === 'attempt_timeout' && this.#hasAnsweredInTime(reason)) return;
    if (this.#round) {
      // A callback may abort within this, and the end is on its way already.
      this.attempt = undefined;
      this.#takeOthers(attempt, (leg) => {
        leg.attempt.abandon(reason);
        this.transport.abandon(reason, leg.attempt);
        this.#endBeside(leg.entry, undefined, kind === 'caller_aborted' ? 'aborted' : 'timeout', kind);
      });
      this.attempt = attempt;
    }
    super.interruptAttempt(kind, reason, attempt);
  }

  /** Whether somebody is asked about an answer that came in time. It stays, and those that have not answered end. */
  #hasAnsweredInTime(reason: unknown): boolean {
    const round = this.#round;
    if (!round?.legs.some(({ isAsked }) => isAsked)) return false;
    // Nothing would bound a hedge from here on.
    round.stop();
    for (const leg of round.legs) {
      // A callback may have ended the round within this.
      if (leg.isAsked || this.#round !== round) continue;
      this.attempt = round.take(leg.attempt);
      round.failed(true, () => {
        this.#endBeside(leg.entry, undefined, 'timeout', 'attempt_timeout');
      });
      leg.attempt.abandon(reason);
      this.transport.abandon(reason, leg.attempt);
    }
    return true;
  }

  protected override goOnAfter(
    outcome: Outcome | undefined,
    classification: Classification,
    endedAt: number,
    attempt: Attempt,
    isAsked: boolean,
  ): void {
    const round = this.#round;
    const leg = round?.legOf(attempt);
    if (round === undefined || leg === undefined) {
      super.goOnAfter(outcome, classification, endedAt, attempt, isAsked);
      return;
    }
    if (round.handingOver === attempt) leg.isRefused = outcome?.kind === 'error';
    leg.isAsked = isAsked;
    if (outcome && isAsked) void this.#askAboutLeg(leg, outcome, classification, endedAt);
    else this.#judgeLeg(leg, outcome, classification, endedAt);
  }

  /** Others may answer while the user's function thinks: then this attempt has lost. */
  async #askAboutLeg(leg: Leg, outcome: Outcome, builtIn: Classification, endedAt: number): Promise<void> {
    const wait = (pending: PromiseLike<unknown>): Promise<unknown> => unlessLost(pending, leg);
    const classification = await this.askShouldRetry(outcome, builtIn, leg.entry.number, wait);
    if (this.#round?.legOf(leg.attempt)) this.#judgeLeg(leg, outcome, classification, endedAt);
  }

  #judgeLeg(leg: Leg, outcome: Outcome | undefined, classification: Classification, endedAt: number): void {
    const { attempt, isRefused } = leg;
    const { failureClass, reason, retryable } = classification;
    const round = this.#round as HedgedRound;
    this.attempt = round.take(attempt);
    // What a client says that takes no more requests, as one that is being closed, ends none that it has taken.
    if (outcome && failureClass !== undefined && (retryable || isRefused)) {
      const isLast = !retryable || this.operation.hintOf(outcome, this.policy.clock) !== undefined;
      // The next hedge may be sent within this, and may answer at once.
      const goesOn = round.failed(isLast, () => {
        this.#endBeside(leg.entry, outcome, failureClass, reason);
      });
      if (goesOn) {
        this.transport.discard(attempt)?.cancel();
        return;
      }
    }
    this.#endOthers(leg);
    const interruption = this.pendingInterruption();
    if (interruption) {
      this.transport.discard(attempt)?.cancel();
      this.end(interruption);
      return;
    }
    this.judge(outcome, classification, endedAt, attempt);
  }

  /** One attempt has decided: those beside it have lost. */
  #endOthers(decided: Leg): void {
    // A callback may abort within this: there is nothing left to end by then.
    this.attempt = undefined;
    this.attemptTimer?.cancel();
    this.#takeOthers(undefined, (leg) => {
      const lost = new DOMException('Another attempt answered first', 'AbortError');
      this.#endBeside(leg.entry, undefined, 'aborted', 'hedge_lost');
      leg.attempt.abandon(lost);
      this.transport.abandon(lost, leg.attempt);
    });
    this.operation.focus(decided.entry);
  }

  /** Ends the round, and hands over the attempts that are still under way beside this one. */
  #takeOthers(attempt: AttemptContext | undefined, end: (leg: Leg) => void): void {
    const legs = this.#round?.end() ?? [];
    const own = legs.find((leg) => leg.attempt === attempt);
    this.#round = undefined;
    for (const leg of legs) if (leg !== own) end(leg);
    if (own) this.operation.focus(own.entry);
  }

  /** An attempt ended while others go on. */
  #endBeside(
    attempt: AttemptEntry,
    outcome: Outcome | undefined,
    failureClass: FailureClass,
    reason: RetryReason | StopReason,
  ): void {
    const { clock } = this.policy;
    // A failure that others outlived is a failure all the same.
    if (outcome) this.budget?.failed(failureClass === 'throttled');
    this.operation.focus(attempt);
    this.operation.endBeside(outcome, failureClass, reason, { now: clock.now(), clock });
    countAttempt(this, failureClass);
    tellOfAttempt(this);
  }

  protected override end(interruption: Interruption): void {
    this.#round?.end();
    super.end(interruption);
  }
}

/** What the user's function says of one of several attempts. One that has lost has no body any more to be read. */
async function unlessLost(pending: PromiseLike<unknown>, { attempt }: Leg): Promise<unknown> {
  try {
    return await pending;
  } catch (error) {
    if (attempt.isAbandoned) return undefined;
    throw error;
  }
}
