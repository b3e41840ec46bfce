import type {
  AttemptContext,
  CallOptions,
  EventExchange,
  EventOperation,
  Exchange,
} from '../../src/exchange.ts';
import type { RetryEngine } from '../../src/engine.ts';
import { eventOperation } from '../../src/event-operation.ts';
import type { Outcome } from '../../src/outcome.ts';
import { response } from '../operation-driver.ts';
import type { QuickClock } from '../quick-clock.ts';
import { codedError } from '../virtual-engine.ts';

export type Answer = number | 'reset' | 'throw' | 'silence' | 'quota';
export const ANSWERS: readonly Answer[] = [
  200,
  200,
  503,
  503,
  429,
  404,
  'reset',
  'throw',
  'silence',
  'quota',
];

export interface ScriptStep {
  readonly answer: Answer;
  /** 0 answers while the attempt is being sent. */
  readonly duration: number;
}

/** Servers that answer by scripts, and the operations that call them. */
export class Mix {
  /** Answers that are under way: timers of the test, not of the engine. */
  timers = 0;
  /** How often each operation ended. */
  readonly ends: number[] = [];
  readonly #clock: QuickClock;
  readonly #engine: RetryEngine;

  constructor(clock: QuickClock, engine: RetryEngine) {
    this.#clock = clock;
    this.#engine = engine;
  }

  get isDone(): boolean {
    return this.timers === 0 && this.ends.every((times) => times > 0);
  }

  at(time: number, callback: () => void): void {
    this.timers += 1;
    this.#clock.schedule(time, () => {
      this.timers -= 1;
      callback();
    });
  }

  runPromises(call: CallOptions, script: readonly ScriptStep[]): void {
    const end = this.#expectEnd();
    const send = (attempt: AttemptContext): number | Promise<number> => {
      const { answer, duration } = stepOf(script, attempt);
      if (answer === 'throw') throw codedError('ECONNREFUSED');
      if (answer === 'silence') return new Promise(() => undefined);
      if (answer === 'reset') return this.#later(duration, () => Promise.reject(codedError('ECONNRESET')));
      if (duration === 0) return statusOf(answer);
      return this.#later(duration, () => Promise.resolve(statusOf(answer)));
    };
    const exchange: Exchange<number> = { call, send, describe: (status) => outcomeOf(status) };
    this.#engine.run(exchange).then(end, end);
  }

  runEvents(call: CallOptions, script: readonly ScriptStep[]): void {
    const end = this.#expectEnd();
    const exchange: EventExchange = {
      call,
      send: (attempt) => {
        const { answer, duration } = stepOf(script, attempt);
        if (answer === 'throw') throw codedError('ECONNREFUSED');
        if (answer === 'silence') return;
        const tell = (): void => {
          if (answer === 'reset') operation.failed(codedError('ECONNRESET'), attempt);
          else operation.responded(outcomeOf(statusOf(answer)), attempt);
        };
        // Answers of attempts that were abandoned are told too: nobody may hear them.
        if (duration === 0) tell();
        else this.at(duration, tell);
      },
      abandon: () => undefined,
      discard: () => undefined,
      accept: end,
      fail: end,
    };
    const operation: EventOperation & { start(): void } = eventOperation(this.#engine, exchange);
    operation.start();
  }

  #later<T>(duration: number, end: () => Promise<T>): Promise<T> {
    return new Promise((resolve) => {
      this.at(duration, () => resolve(end()));
    });
  }

  #expectEnd(): () => void {
    const index = this.ends.push(0) - 1;
    return () => {
      this.ends[index]! += 1;
    };
  }
}

function stepOf(script: readonly ScriptStep[], { number }: AttemptContext): ScriptStep {
  return script[(number - 1) % script.length]!;
}

/** A quota is told by a status of its own, since an answer here is a number. */
function statusOf(answer: Answer): number {
  return typeof answer === 'number' ? answer : 299;
}

function outcomeOf(status: number): Outcome & { kind: 'response' } {
  return response(status, status === 299 ? { ratelimit: '"default";r=2;t=1' } : {});
}
