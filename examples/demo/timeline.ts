/** The timeline of the operations, a line for each attempt at the moment when it was decided what follows. */
import type { AttemptEvent, AttemptRecord, EndEvent, RetryEvent, RetryHooks } from '@tenax/core';

import { colors } from './colors.ts';
import type { Operation } from './operations.ts';

const LONGEST_ENDING = 16;

/** Names for endings that would take half a line. */
const SHORT: Readonly<Record<string, string>> = { TENAX_ATTEMPT_TIMEOUT: 'attempt timeout' };

/** Hooks that say each line, of at most 80 columns. */
export function timelineHooks(say: (line: string) => void): RetryHooks {
  // A decision follows its attempt before anything else of the same operation happens.
  const undecided = new Map<string, AttemptRecord>();
  const starts = new Map<string, number>();
  const decided = ({ id }: { id: string }, decision: string): void => {
    const attempt = undecided.get(id);
    if (!attempt) return;
    undecided.delete(id);
    say(line(id, attempt, attempt.startTime - (starts.get(id) ?? attempt.startTime), decision));
  };
  return {
    onAttempt: ({ attempt, id }: AttemptEvent): void => {
      undecided.set(id, attempt);
      if (!starts.has(id)) starts.set(id, attempt.startTime);
    },
    onRetry: (event: RetryEvent): void => {
      const asked = event.hint === undefined ? '' : ` (asked ${milliseconds(event.hint)})`;
      decided(event, `wait ${milliseconds(event.delay)}${asked}`);
    },
    onSuccess: (event: EndEvent): void => {
      decided(event, colors.green('done'));
    },
    onGiveUp: (event: EndEvent): void => {
      decided(event, colors.red(`stop: ${event.statistics.reason}`));
    },
  };
}

/** What no line of an attempt tells of the end of an operation, if there is anything. */
export function endLine(operation: Operation, error: unknown): string | undefined {
  const { name, statistics, succeeded } = operation;
  if (succeeded || error === undefined) return undefined;
  const why = bodyBrokeOff(operation) ?? fault(operation, error);
  return why && `${(statistics?.id ?? name).padEnd(6)}    ${colors.red(why)}`;
}

/** The response came, but its body ended too early. */
function bodyBrokeOff({ ending, statistics }: Operation): string | undefined {
  if (statistics?.result !== 'success') return undefined;
  return `the body broke off (${ending}); --resume would continue it`;
}

/** What is wrong with the request itself: the name of such an error says little, and it may come before any attempt. */
function fault({ statistics }: Operation, error: unknown): string | undefined {
  const last = statistics?.attempts.at(-1);
  if (last !== undefined && (last.failureClass !== 'permanent' || last.status !== undefined))
    return undefined;
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error instanceof Error ? error.message : String(error)}${cause}`;
}

function line(id: string, attempt: AttemptRecord, offset: number, decision: string): string {
  const { attemptNumber, error, failureClass, responseTime, status } = attempt;
  // axios reads the body within the attempt, so a transport failure may have a status.
  const brokenOff = status !== undefined && failureClass === 'transport' ? ', broken off' : '';
  const code = `${status ?? error?.code ?? error?.name ?? ''}${brokenOff}`;
  const ending = (SHORT[code] ?? code).slice(0, LONGEST_ENDING).padEnd(LONGEST_ENDING);
  const shown = (failureClass === undefined ? colors.green : colors.yellow)(ending);
  const times = `${`+${milliseconds(offset)}`.padStart(8)} ${milliseconds(responseTime).padStart(7)}`;
  const title = (attemptNumber === 1 ? colors.bold : colors.dim)(id.padEnd(6));
  return `${title} #${attemptNumber} ${colors.dim(times)}  ${shown} ${decision}`;
}

/** Whole ms. */
function milliseconds(value: number): string {
  return `${Math.round(value)} ms`;
}
