// What hooks are told, and when: between the events of the attempts and those of the caller.
import type { RetryHooks } from '@tenax/core';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { answer, ok, refused, reset, unavailable } from './servers/fake-dispatcher.ts';
import type { Answer } from './servers/fake-dispatcher.ts';
import { ROUTES, send } from './servers/retried-request.ts';

/** Hooks and callbacks of one request, in one list. */
function recorded(route: (typeof ROUTES)[number], answers: readonly Answer[], method = 'GET') {
  const log: string[] = [];
  const hooks: RetryHooks = {
    onAttempt: ({ attempt }) => log.push(`attempt ${attempt.attemptNumber} ${attempt.reason}`),
    onRetry: ({ attemptNumber, delay }) => log.push(`retry ${attemptNumber} in ${delay}`),
    beforeRetry: ({ attemptNumber, status }) => void log.push(`before ${attemptNumber} after ${status}`),
    onSuccess: ({ statistics }) => log.push(`success ${statistics.attempts.length}`),
    onGiveUp: ({ statistics }) => log.push(`give up ${statistics.reason}`),
  };
  const told = answers.map<Answer>((each, index) => (attempt) => {
    log.push(`sent ${index + 1}`);
    each(attempt);
  });
  const sent = send({
    route,
    answers: told,
    options: { hooks },
    request: { method },
    reactions: {
      onRequestStart: () => log.push('start'),
      onResponseStart: (_, statusCode) => log.push(`response ${statusCode}`),
      onResponseEnd: () => log.push('end'),
      onResponseError: (_, { message }) => log.push(`error ${message}`),
    },
  });
  return { ...sent, log };
}

describe.each(ROUTES)('hooks through %s', (route) => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each<[string, Answer[], string[][]]>([
    ['a success', [ok], [['sent 1', 'start', 'attempt 1 success', 'success 1', 'response 200', 'end']]],
    [
      'a success after a 503',
      [unavailable, ok],
      [
        ['sent 1', 'start', 'attempt 1 transient_status', 'retry 2 in 100', 'before 2 after 503'],
        ['sent 2', 'attempt 2 success', 'success 2', 'response 200', 'end'],
      ],
    ],
    [
      'a success after a lost connection and none',
      [reset, refused, ok],
      [
        ['sent 1', 'start', 'attempt 1 transport_error', 'retry 2 in 100', 'before 2 after undefined'],
        ['sent 2', 'attempt 2 connection_error', 'retry 3 in 200', 'before 3 after undefined'],
        ['sent 3', 'attempt 3 success', 'success 3', 'response 200', 'end'],
      ],
    ],
    [
      'a response that is not worth a retry',
      [answer(404)],
      [
        [
          'sent 1',
          'start',
          'attempt 1 permanent_failure',
          'give up permanent_failure',
          'response 404',
          'end',
        ],
      ],
    ],
    [
      'an error when attempts run out',
      [unavailable, unavailable, reset],
      [
        ['sent 1', 'start', 'attempt 1 transient_status', 'retry 2 in 100', 'before 2 after 503'],
        ['sent 2', 'attempt 2 transient_status', 'retry 3 in 200', 'before 3 after 503'],
        ['sent 3', 'attempt 3 attempts_exhausted', 'give up attempts_exhausted', 'error ECONNRESET'],
      ],
    ],
  ])('tell of %s in this order', async (_, answers, expected) => {
    const { clock, handler, log } = recorded(route, answers);
    await clock.run(handler.ended);
    expect(log).toEqual(expected.flat());
  });

  it('tell of an abort during an attempt', async () => {
    const { clock, handler, log } = recorded(route, [(attempt) => attempt.start()]);
    await clock.advance(0);
    handler.controller.abort(new Error('enough'));
    await clock.advance(0);
    const end = ['attempt 1 caller_aborted', 'give up caller_aborted', 'error enough'];
    expect(log).toEqual(['sent 1', 'start', ...end]);
  });

  it('tell of an abort during a wait', async () => {
    const { clock, handler, log } = recorded(route, [unavailable]);
    await clock.advance(50);
    handler.controller.abort(new Error('enough'));
    await clock.advance(0);
    expect(log.slice(-3)).toEqual(['retry 2 in 100', 'give up caller_aborted', 'error enough']);
  });

  it('EDGE "a hook that throws": changes nothing', async () => {
    const fail = (): never => {
      throw new Error('hook');
    };
    const hooks = { onAttempt: fail, onRetry: fail, beforeRetry: fail, onSuccess: fail, onGiveUp: fail };
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const { clock, handler } = send({ route, answers: [unavailable, ok], options: { hooks } });
    await clock.run(handler.ended);
    expect(handler.events).toEqual(['start', 'response 200', 'data ok', 'end']);
    expect(warned.mock.calls.map(([message]) => message)).toEqual([expect.stringContaining('onAttempt')]);
  });

  it('beforeRetry may change the headers of the attempts that follow', async () => {
    const beforeRetry: RetryHooks['beforeRetry'] = async ({ attemptNumber, headers }) => {
      headers.set('authorization', `token ${attemptNumber}`);
    };
    const request = { headers: { Authorization: 'token 1', 'x-own': 'kept' } };
    const { attempt, clock, handler } = send({
      route,
      answers: [unavailable],
      options: { hooks: { beforeRetry } },
      request,
    });
    await clock.run(handler.ended);
    expect([1, 2, 3].map((number) => attempt(number).options.headers)).toEqual([
      request.headers,
      ['x-own', 'kept', 'authorization', 'token 2'],
      ['x-own', 'kept', 'authorization', 'token 3'],
    ]);
  });
});
