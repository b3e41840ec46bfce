// The caller gives up: one event with its very reason, whatever was under way, and nothing afterwards.
import { getRetryStatistics } from '@tenax/core';
import { describe, expect, it } from 'vitest';

import { failure } from './servers/fake-dispatcher.ts';
import { ABORTED, afterAbort, ROUTES, send } from './servers/retried-request.ts';
import type { Given, RetriedRequest } from './servers/retried-request.ts';

interface Phase {
  readonly options?: Given['options'];
  /** Leads the request there. */
  readonly lead: (sent: RetriedRequest) => unknown;
}

const forever = new Promise<never>(() => undefined);
const aSecondAttempt = async ({ attempt, clock }: RetriedRequest): Promise<void> => {
  attempt(1).start().respond(503).end();
  await clock.advance(100);
};

/** Before the answer is the caller's. */
const WAITING: Record<string, Phase> = {
  'while the request is sent': { lead: ({ attempt }) => attempt(1).start() },
  'after an interim response': { lead: ({ attempt }) => attempt(1).start().respond(103) },
  'while shouldRetry thinks about a response': {
    options: { shouldRetry: () => forever },
    lead: ({ attempt }) => attempt(1).start().respond(200).data('a'),
  },
  'while shouldRetry thinks about a response that has ended': {
    options: { shouldRetry: () => forever },
    lead: ({ attempt }) => attempt(1).start().respond(200).data('a').end(),
  },
  'while shouldRetry thinks about an error': {
    options: { shouldRetry: () => forever },
    lead: ({ attempt }) => attempt(1).start().fail(failure('ECONNRESET')),
  },
  'while shouldRetry reads the body': {
    options: {
      shouldRetry: (outcome) => (outcome.kind === 'response' ? outcome.text().then(() => true) : true),
    },
    lead: ({ attempt }) => attempt(1).start().respond(200).data('a'),
  },
  'when a synchronous shouldRetry has just been asked': {
    options: { shouldRetry: () => undefined },
    lead: ({ attempt }) => attempt(1).start().respond(200).data('a'),
  },
  'in a wait': { lead: ({ attempt }) => attempt(1).start().respond(503).end() },
  'in a wait after a reset': { lead: ({ attempt }) => attempt(1).start().fail(failure('ECONNRESET')) },
  'in a wait when no attempt has had a connection': {
    lead: ({ attempt }) => attempt(1).fail(failure('ECONNREFUSED')),
  },
  'while the rest of a discarded body comes': {
    lead: async ({ attempt, clock }) => {
      attempt(1).start().respond(503).data('a');
      await clock.advance(100);
    },
  },
  'while beforeRetry thinks': {
    options: { hooks: { beforeRetry: () => forever } },
    lead: aSecondAttempt,
  },
  'while a retry waits for a connection': { lead: aSecondAttempt },
  'while a retry is sent': {
    lead: async (sent) => {
      await aSecondAttempt(sent);
      sent.attempt(2).start();
    },
  },
};

/** After that. */
const READING: Record<string, Phase> = {
  'after the headers': { lead: ({ attempt }) => attempt(1).start().respond(200) },
  'in the body': { lead: ({ attempt }) => attempt(1).start().respond(200).data('a') },
  'in a paused body': {
    lead: ({ attempt, handler }) => {
      attempt(1).start().respond(200);
      handler.controller.pause();
      attempt(1).data('a').end();
    },
  },
  'after the headers of a response that shouldRetry has seen': {
    options: { shouldRetry: () => undefined },
    lead: async ({ attempt, clock }) => {
      attempt(1).start().respond(200);
      await clock.advance(0);
    },
  },
};

const REASONS: readonly unknown[] = [
  new Error('enough'),
  failure('ECONNRESET'),
  new DOMException('This operation was aborted', 'AbortError'),
  new DOMException('too slow', 'TimeoutError'),
  Object.freeze({ why: 'frozen' }),
  'a string',
  42,
];

/** Waits only where there is something to wait for: a turn of the loop would be another phase. */
function led(sent: RetriedRequest, lead: Phase['lead']): Promise<void> | undefined {
  const leading = lead(sent);
  return leading instanceof Promise ? leading : undefined;
}

const each = (phases: Record<string, Phase>) =>
  ROUTES.flatMap((route) => Object.entries(phases).map(([name, phase]) => [name, route, phase] as const));

describe.each(each({ ...WAITING, ...READING }))('an abort %s, through %s', (_, route, { lead, options }) => {
  it('EDGE 1: ends the request with its very reason, and nothing follows', async () => {
    const sent = send({ route, ...(options && { options }) });
    const leading = led(sent, lead);
    if (leading) await leading;
    const reason = new Error('enough');
    sent.handler.controller.abort(reason);
    expect([sent.handler.controller.aborted, sent.handler.controller.reason]).toEqual([true, reason]);
    expect(await afterAbort(sent, reason)).toEqual(ABORTED);
  });

  it('gives up every connection, and one that comes later', async () => {
    const sent = send({ route, ...(options && { options }) });
    const leading = led(sent, lead);
    if (leading) await leading;
    sent.handler.controller.abort(new Error('enough'));
    await sent.clock.advance(0);
    const { attempts } = sent.dispatcher;
    for (const attempt of attempts) if (attempt.isQueued) attempt.start();
    expect(attempts.map(({ isOver }) => isOver)).toEqual(attempts.map(() => true));
    expect(sent.handler.endings).toEqual(['error enough']);
  });
});

describe.each(each(WAITING))('statistics of an abort %s, through %s', (_, route, { lead, options }) => {
  it('say that the caller gave up', async () => {
    const sent = send({ route, ...(options && { options }) });
    const leading = led(sent, lead);
    if (leading) await leading;
    const reason = new Error('enough');
    sent.handler.controller.abort(reason);
    await sent.clock.advance(0);
    expect(getRetryStatistics(reason)).toMatchObject({ result: 'aborted', reason: 'caller_aborted' });
    expect(sent.handler.context).toMatchObject({ retry: { result: 'aborted', reason: 'caller_aborted' } });
    expect(sent.engine.statistics.snapshot()).toMatchObject({ totalOperations: 1, results: { aborted: 1 } });
  });
});

describe.each(REASONS)('%o as a reason', (reason) => {
  it.each(['while the request is sent', 'in a wait', 'while a retry is sent'])(
    'EDGE "an abort reason may be any value": is the error %s',
    async (phase) => {
      const sent = send();
      const leading = led(sent, (WAITING[phase] as Phase).lead);
      if (leading) await leading;
      sent.handler.controller.abort(reason as Error);
      expect(await afterAbort(sent, reason)).toEqual(ABORTED);
    },
  );

  it('EDGE "an abort reason may be any value": is the error in the body', async () => {
    const sent = send();
    READING['in the body']?.lead(sent);
    sent.handler.controller.abort(reason as Error);
    expect(await afterAbort(sent, reason)).toEqual(ABORTED);
  });
});
