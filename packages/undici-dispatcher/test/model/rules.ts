/** What holds for every script, whatever is in it. */

import { getRetryStatistics, OperationTimeoutError } from '@tenax/core';
import { expect } from 'vitest';

import type { Performance } from './play.ts';
import { BEFORE_RETRY, LONGEST_DRAIN } from './prediction.ts';
import type { Prediction } from './prediction.ts';
import { attemptOf, entityOf, REQUEST_BODY } from './script.ts';
import type { Script } from './script.ts';
import { timelineOf, wholeBody } from './timeline.ts';

/** The protocol of a handler. */
export function expectOneEnd({ caller }: Performance): void {
  const { fault, terminal, told } = caller;
  const ends = told.filter((event) => event === terminal[0]);
  expect(ends, 'terminal events').toHaveLength(1);
  const afterEnd = told.slice(told.indexOf(ends[0]!) + 1);
  // As undici does: what onResponseEnd throws is told as an error.
  const itsOwnFault =
    ends[0]?.callback === 'onResponseEnd' && caller.threwAfter === told.indexOf(ends[0]) + 1;
  expect(
    afterEnd.map(({ callback, error }) => [callback, error]),
    'after the end',
  ).toEqual(itsOwnFault ? [['onResponseError', fault]] : []);
}

export function expectOneResponse({ caller }: Performance): void {
  const starts = caller.told.filter(({ callback }) => callback === 'onResponseStart');
  expect(starts.length, 'onResponseStart of a final status').toBeLessThanOrEqual(1);
  const names = caller.told.map(({ callback }) => callback);
  expect(names.filter((name) => name === 'onRequestStart').length, 'onRequestStart').toBeLessThanOrEqual(1);
  if (names.length > 1 || names[0] !== 'onResponseError') expect(names[0]).toBe('onRequestStart');
  if (starts[0]) {
    const before = names.slice(0, names.indexOf('onResponseStart'));
    const after = names.slice(names.indexOf('onResponseStart'));
    expect(before, 'data before its response').not.toContain('onResponseData');
    expect(after, 'an interim response after the final one').not.toContain('interim');
    expect(after, 'the first byte of a response after its headers').not.toContain('onResponseStarted');
  }
}

/** A caller that gives up, or throws, hears of that and of nothing else. */
export function expectLastWord({ caller }: Performance): void {
  const { abortion, fault, gaveUpAfter, gaveUpAt, told, threwAfter } = caller;
  if (gaveUpAfter !== undefined) {
    const after = told.slice(gaveUpAfter);
    expect(
      after.map(({ callback }) => callback),
      'after the abort',
    ).toEqual(['onResponseError']);
    expect(after[0]?.at, 'time of the error').toBe(gaveUpAt);
    // Microtasks before, the operation may have run out of time.
    if (!(after[0]?.error instanceof OperationTimeoutError)) expect(after[0]?.error).toBe(abortion);
  }
  if (threwAfter !== undefined) {
    const after = told.slice(threwAfter).map(({ callback, error }) => [callback, error]);
    expect(after, 'after the throw').toEqual([['onResponseError', fault]]);
  }
}

export function expectNothingLeft({ afterwards, leftBehind }: Performance): void {
  expect(leftBehind, 'right after the end').toEqual({ timers: 0, connections: 0, bodies: 0 });
  expect(afterwards, 'later').toEqual({ told: 0, dispatched: 0, closings: 0 });
}

/** Every body that was written whole is the caller's, and a POST that may have been processed is not sent again. */
export function expectCarefulSending({ dispatched }: Performance, script: Script): void {
  const { body, maxAttempts, method, shouldRetry } = script.options;
  expect(dispatched.length, 'dispatches').toBeLessThanOrEqual(maxAttempts);
  for (const { body: sent } of dispatched)
    if (sent !== undefined && body !== 'none') expect(sent).toBe(REQUEST_BODY.join(''));
  if (method !== 'POST' || shouldRetry.kind !== 'none') return;
  for (const [index, { connection }] of dispatched.slice(0, -1).entries()) {
    const attempt = attemptOf(script, index);
    const refused = attempt.kind === 'response' && attempt.status === 429;
    expect(connection.written && !refused, 'a POST that may have been processed').toBe(false);
  }
}

/** A wait can be ended before any attempt has had a connection. */
export function expectPromptAbort({ caller, dispatched }: Performance, script: Script): void {
  const { abort } = script.caller;
  const { attemptTimeout = Infinity, shouldRetry } = script.options;
  const first = timelineOf(attemptOf(script, 0), entityOf(script), undefined);
  if (typeof abort !== 'number' || caller.gaveUpAt === undefined || shouldRetry.kind !== 'none') return;
  const firstEnd = Math.min(
    attemptTimeout,
    first.find(({ kind }) => kind === 'start' || kind === 'failure')?.at ?? 0,
  );
  if (dispatched.length > 0 && abort > firstEnd) expect(caller.gaveUpAt, 'time of the abort').toBe(abort);
}

/** The bytes that the caller has are those of the response that it was told of, from the first on. */
export function expectRightBytes({ caller }: Performance, script: Script): void {
  const status = caller.told.find(({ callback }) => callback === 'onResponseStart')?.status;
  const body = status === undefined ? Buffer.alloc(0) : wholeBody(status, entityOf(script));
  const bytes = Buffer.concat(caller.told.flatMap(({ bytes: chunk }) => (chunk ? [chunk] : [])));
  if (caller.terminal[0]?.callback === 'onResponseEnd') expect(bytes.length, 'bytes').toBe(body.length);
  expect(body.subarray(0, bytes.length).equals(bytes), `${bytes.length} bytes of the body`).toBe(true);
}

export function expectPredicted(performance: Performance, prediction: Prediction, script: Script): void {
  const { caller, closedBefore, dispatched } = performance;
  const [end] = caller.terminal;
  const seen = {
    dispatches: dispatched.length,
    status: caller.told.find(({ callback }) => callback === 'onResponseStart')?.status,
    ending: end?.callback === 'onResponseEnd' ? 'end' : (end?.error as { code?: string } | undefined)?.code,
  };
  const { dispatches, ending, status } = prediction;
  const undisturbed = caller.gaveUpAfter === undefined && caller.threwAfter === undefined;
  if (undisturbed && !closedBefore) {
    expect(seen).toEqual({ dispatches, ending, status });
  } else if (!closedBefore) {
    expect(seen.dispatches, 'dispatches').toBeLessThanOrEqual(dispatches);
    expect([undefined, status], 'status').toContain(seen.status);
  } else if (
    undisturbed &&
    script.closing?.kind === 'destroy' &&
    script.options.shouldRetry.kind === 'none'
  ) {
    const exhausted = script.options.throwOnExhausted ? ['TENAX_EXHAUSTED'] : [];
    expect(['DESTROYED', ...exhausted]).toContain(seen.ending);
  }
}

/** Every wait is as long as the policy and the server's hints make it. */
export function expectPredictedTimes({ closedBefore, dispatched }: Performance, { times }: Prediction): void {
  if (closedBefore) return;
  for (const [index, { at, offset }] of dispatched.entries()) {
    const predicted = times[index];
    // The rest of a download is asked for when its caller's pauses let the body break.
    if (predicted !== undefined && offset === undefined)
      expect(at, 'time of a dispatch').toBeCloseTo(predicted);
  }
}

/** A dispatcher that is to be closed sends what waits at once, and nothing more. */
export function expectPromptClosing(
  { closedBefore, dispatched, refused }: Performance,
  { closing }: Script,
): void {
  expect(refused, 'dispatches after the closing').toBe(0);
  if (!closing || !closedBefore) return;
  const latest = closing.at + LONGEST_DRAIN + BEFORE_RETRY;
  for (const { at } of dispatched) expect(at, 'time of a dispatch').toBeLessThanOrEqual(latest);
}

/** Bytes that nobody has asked for yet stay on the connection; its end brings them over any pause. */
export function expectFlowControl({ caller, dispatched }: Performance, { attempts, options }: Script): void {
  if (options.shouldRetry.kind === 'later') {
    const held = dispatched.map(({ connection }) => connection.pausedWithHeaders);
    expect(held, 'flow while a verdict is awaited').not.toContain(false);
  }
  const overPauses = attempts.some(
    (attempt) =>
      attempt.kind === 'response' && (attempt.delivery === 'mock' || attempt.ending === 'truncated'),
  );
  expect(
    caller.told.filter(({ nested }) => nested),
    'events within another callback',
  ).toEqual([]);
  const whilePaused = caller.told.filter(({ callback, paused }) => paused && callback === 'onResponseData');
  if (!overPauses) expect(whilePaused, 'data in a pause').toEqual([]);
}

/** Every attempt is in the statistics. */
export function expectStatistics({ caller, dispatched }: Performance): void {
  if (caller.context === undefined) return;
  const attempts = getRetryStatistics(caller.context as object)?.attempts.length;
  expect(attempts, 'attempts in the statistics').toBe(
    dispatched.filter(({ offset }) => offset === undefined).length,
  );
}
