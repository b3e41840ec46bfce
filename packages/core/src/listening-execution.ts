/** Executions whose client answers by events: apart from the others, for those need not carry this. */

import type { AsyncContext } from './async-context.ts';
import { statisticsOf } from './attached-statistics.ts';
import type { Attempt } from './attempt.ts';
import type { EngineState } from './engine-state.ts';
import { EventExecution } from './event-execution.ts';
import type { AttemptContext, EventExchange, EventOperation } from './exchange.ts';
import type { BegunAttempt } from './execution.ts';
import type { Bounded } from './first-bounds.ts';
import { HedgedExecution } from './hedged-execution.ts';
import type { Interruption, Wait } from './interruption.ts';
import { resumeWithin } from './observation.ts';
import type { ResponseOutcome } from './outcome.ts';
import type { RetryPolicy } from './policy.ts';
import type { RequestStatistics } from './record.ts';

/** An execution that its client tells of events. */
export interface Listening extends EventOperation, Bounded {
  start(): void;
}

/**
 * Its first parameters are those of an execution.
 *
 * @param context what it goes on in: an event of the client comes in that of its connection
 * @param first its first attempt, where that was begun without it
 */
type ListeningClass = new (
  exchange: EventExchange,
  policy: RetryPolicy,
  engine: EngineState,
  context: AsyncContext,
  first?: Attempt & BegunAttempt,
) => Listening;

type ExecutionClass = new (...parameters: ConstructorParameters<typeof EventExecution>) => EventExecution;

function listening(Execution: ExecutionClass): ListeningClass {
  return class extends Execution implements Listening {
    readonly #context: AsyncContext;
    /** The wait for a retry. */
    #wait: Wait | undefined;

    constructor(
      exchange: EventExchange,
      policy: RetryPolicy,
      engine: EngineState,
      context: AsyncContext,
      first?: Attempt & BegunAttempt,
    ) {
      super(exchange, exchange, policy, engine, first);
      this.#context = context;
    }

    get statistics(): RequestStatistics {
      return statisticsOf(this.operation);
    }

    responded(outcome: ResponseOutcome, attempt: AttemptContext): void {
      this.#resume(() => {
        this.answered(outcome, attempt);
      });
    }

    succeeded(status: number, attempt: AttemptContext): void {
      this.#resume(() => {
        if (!this.take(attempt)) return;
        const outcome = { kind: 'response', status } as ResponseOutcome;
        this.endWell(outcome, this.policy.clock.now(), attempt);
      });
    }

    override failed(error: unknown, attempt: AttemptContext): void {
      this.#resume(() => {
        super.failed(error, attempt);
      });
    }

    abort(reason: unknown): void {
      this.signalAborted(reason);
    }

    hurry(): void {
      this.#wait?.grant();
    }

    protected override waitBegan(wait: Wait): void {
      this.#wait = wait;
    }

    protected override rested(): void {
      this.#wait = undefined;
      super.rested();
    }

    override ended(interruption: Interruption): void {
      this.#wait = undefined;
      super.ended(interruption);
    }

    protected override close(): void {
      super.close();
      this.#context.emitDestroy();
    }

    /** What follows from an event of the client. */
    #resume(goOn: () => void): void {
      const { observation } = this;
      const resumed = observation
        ? () => {
            resumeWithin(observation, goOn);
          }
        : goOn;
      this.#context.runInAsyncScope(resumed);
    }
  };
}

export const ListeningExecution: ListeningClass = /* @__PURE__ */ listening(EventExecution);
/** With hedging. */
export const ListeningHedgedExecution: ListeningClass = /* @__PURE__ */ listening(HedgedExecution);
