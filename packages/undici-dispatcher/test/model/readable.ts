/** A script, and what came of it, in a form that a person reads. */

import type { Performance } from './play.ts';
import type { Prediction } from './prediction.ts';
import type { Attempt, Moment, Race, Script } from './script.ts';
import { attemptOf, entityOf } from './script.ts';
import type { Told } from './scripted-caller.ts';
import { timelineOf } from './timeline.ts';

export function describeScript(script: Script): string {
  const { caller, closing, options, seed } = script;
  const { method, shouldRetry, ...policy } = options;
  const { abort, pauses, throws } = caller;
  return [
    `${method}, entity of ${script.entitySize} bytes, seed ${seed}, ${settings(policy)}`,
    `shouldRetry: ${shouldRetry.kind === 'none' ? 'none' : `${shouldRetry.kind}, ${shouldRetry.answers.map(String).join(' ')}`}`,
    `caller: ${[
      abort !== undefined && `aborts ${timeOf(abort)}`,
      throws && `throws in ${momentOf(throws)}`,
      ...pauses.map((pause) => `pauses in ${momentOf(pause)} for ${pause.duration}`),
    ]
      .filter(Boolean)
      .join(', ')}`,
    ...(closing ? [`dispatcher: ${closing.kind} at ${closing.at}`] : []),
    ...script.attempts.map((_, index) => `attempt ${index + 1}: ${describeAttempt(script, index)}`),
  ].join('\n');
}

export function describePerformance({ caller, dispatched }: Performance, prediction: Prediction): string {
  return [
    `dispatched: ${dispatched.map(({ at, offset }) => `at ${at}${offset === undefined ? '' : ` from byte ${offset}`}`).join(', ')}`,
    ...caller.told.map((event) => `told at ${event.at}: ${describeTold(event)}`),
    `predicted: ${settings(prediction)}`,
  ].join('\n');
}

function describeAttempt(script: Script, index: number): string {
  const attempt: Attempt = attemptOf(script, index);
  const events = timelineOf(attempt, entityOf(script), undefined).map((event) => {
    const more =
      event.kind === 'headers'
        ? ` ${event.status} ${JSON.stringify(event.headers)}`
        : event.kind === 'chunk'
          ? ` of ${event.chunk.length}`
          : event.kind === 'failure'
            ? ` ${event.code} (${event.how})`
            : '';
    return `${event.at} ${event.kind}${more}`;
  });
  const range = attempt.kind === 'response' ? `; a Range gets ${attempt.continuation}` : '';
  return `${attempt.kind}, ${attempt.delivery}: ${events.join(', ')}${range}`;
}

function describeTold({ bytes, callback, error, status }: Told): string {
  const more = [status, bytes && `${bytes.length} bytes`, error];
  return [callback, ...more.filter((each) => each !== undefined).map(String)].join(' ');
}

function momentOf({ call, callback }: Moment): string {
  return `${callback}[${call}]`;
}

function timeOf(abort: number | Moment | Race): string {
  if (typeof abort === 'number') return `at ${abort}`;
  if ('callback' in abort) return `in ${momentOf(abort)}`;
  return `${abort.microtasks} microtasks after timer ${abort.timer}`;
}

function settings(values: object): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}
