import { describe, expect, it } from 'vitest';

import { Operation } from '../src/operation.ts';
import { resolvePolicy } from '../src/policy.ts';
import { attempt, EPOCH, failure, response, startOperation } from './operation-driver.ts';
import { codedError } from './virtual-engine.ts';

describe('the records of an operation', () => {
  it('say of each attempt when it was, how it ended and what followed', () => {
    const operation = startOperation({}, { method: 'GET', url: 'https://a.example/x' }, { id: 'job-7' });
    attempt(operation, response(503, { 'retry-after': '2' }), { startedAt: 5, endedAt: 30, now: 31 });
    attempt(operation, failure(codedError('ECONNRESET')), { startedAt: 2031, endedAt: 2040 });
    operation.beginAttempt(2241);
    operation.succeed(204, 2250);
    expect(operation.statistics(EPOCH)).toEqual({
      id: 'job-7',
      key: 'https://a.example',
      result: 'success',
      reason: 'success',
      totalTime: 2250,
      totalDelay: 2000 + 201,
      attempts: [
        {
          attemptNumber: 1,
          delayBefore: 0,
          startTime: EPOCH + 5,
          endTime: EPOCH + 30,
          responseTime: 25,
          success: false,
          status: 503,
          failureClass: 'throttled',
          hedged: false,
          hint: 2000,
          reason: 'throttled',
        },
        {
          attemptNumber: 2,
          delayBefore: 2000,
          startTime: EPOCH + 2031,
          endTime: EPOCH + 2040,
          responseTime: 9,
          success: false,
          failureClass: 'transport',
          error: { name: 'Error', message: 'it ended with ECONNRESET', code: 'ECONNRESET' },
          hedged: false,
          reason: 'transport_error',
        },
        {
          attemptNumber: 3,
          delayBefore: 201,
          startTime: EPOCH + 2241,
          endTime: EPOCH + 2250,
          responseTime: 9,
          success: true,
          status: 204,
          hedged: false,
          reason: 'success',
        },
      ],
    });
  });

  it('are frozen, and the same object each time', () => {
    const operation = startOperation();
    attempt(operation, response(404));
    const statistics = operation.statistics(0);
    expect(Object.isFrozen(statistics) && Object.isFrozen(statistics.attempts)).toBe(true);
    expect(Object.isFrozen(statistics.attempts[0])).toBe(true);
    expect(operation.statistics(0)).toBe(statistics);
  });

  it('the last of them is that of the attempt that ended last', () => {
    const operation = startOperation();
    expect(operation.lastRecord(0)).toBeUndefined();
    attempt(operation, response(503));
    expect(operation.lastRecord(0)).toMatchObject({ attemptNumber: 1, success: false });
    operation.beginAttempt(100);
    operation.succeed(undefined, 120);
    expect(operation.lastRecord(0)).toMatchObject({ attemptNumber: 2, success: true, responseTime: 20 });
  });

  it('count no time before the first attempt has ended', () => {
    const operation = new Operation(resolvePolicy({}), {}, {}, 500);
    operation.beginAttempt(500);
    expect(operation.statistics(0)).toMatchObject({ attempts: [], totalTime: 0 });
  });

  it('measure a wait for a retry from its start, where guards make it longer', () => {
    const operation = startOperation();
    attempt(operation, response(503), { endedAt: 100 });
    operation.waitBegan();
    operation.beginAttempt(350);
    operation.succeed(200, 400);
    expect(operation.statistics(0)).toMatchObject({ totalDelay: 250, attempts: [{}, { delayBefore: 250 }] });
  });

  it('keep no error where the status that its client threw is the whole failure', () => {
    const operation = startOperation({ statusCodes: [304, 503] });
    for (const status of [304, 503, 404]) {
      const error = Object.assign(new Error(`status ${status}`), { status });
      attempt(operation, { kind: 'error', error, response: response(status) });
      expect(operation.lastRecord(0)).toMatchObject({ status });
      expect(operation.lastRecord(0)).not.toHaveProperty('error');
    }
    const error = Object.assign(new Error('no JSON'), { status: 200 });
    attempt(operation, { kind: 'error', error, response: response(200) });
    expect(operation.lastRecord(0)).toMatchObject({ status: 200, error: { message: 'no JSON' } });
  });

  it('keep no secret of an error', () => {
    const operation = startOperation({ maxAttempts: 1 });
    attempt(operation, failure(new Error('GET https://me:secret@a.example/?token=secret failed')));
    expect(JSON.stringify(operation.statistics(0))).not.toContain('secret');
  });
});

describe('an operation that is ended from outside', () => {
  it('during an attempt records the attempt', () => {
    const operation = startOperation({ timeout: 1000 });
    operation.beginAttempt(0);
    expect(operation.interrupt('operation_timeout', new Error('late'), 1000)).toBe(true);
    expect(operation.statistics(0)).toMatchObject({
      result: 'timeout',
      totalTime: 1000,
      attempts: [
        {
          failureClass: 'timeout',
          reason: 'operation_timeout',
          responseTime: 1000,
          error: { name: 'Error', message: 'late' },
        },
      ],
    });
  });

  it('during a wait records no attempt, and the part of the wait that was waited', () => {
    const operation = startOperation();
    attempt(operation, response(503), { endedAt: 10 });
    expect(operation.interrupt('caller_aborted', 'bye', 60)).toBe(false);
    expect(operation.statistics(0)).toMatchObject({
      result: 'aborted',
      reason: 'caller_aborted',
      totalDelay: 50,
      totalTime: 60,
    });
    expect(operation.statistics(0).attempts).toHaveLength(1);
    expect(operation.statistics(0).attempts[0]).toMatchObject({ reason: 'transient_status' });
  });

  it('before its first attempt has none', () => {
    const operation = startOperation();
    expect(operation.interrupt('caller_aborted', undefined, 0)).toBe(false);
    expect(operation.statistics(0)).toMatchObject({ attempts: [], totalTime: 0, totalDelay: 0 });
  });
});

describe('what an operation cost', () => {
  it('is the time since its first attempt ended', () => {
    const operation = startOperation();
    attempt(operation, response(503), { endedAt: 40 });
    operation.beginAttempt(140);
    operation.succeed(200, 200);
    expect(operation.retryOverhead).toBe(160);
    expect(operation.responseTime).toBe(60);
  });

  it('is nothing when the first attempt was the last', () => {
    const operation = startOperation();
    operation.beginAttempt(0);
    operation.succeed(200, 500);
    expect(operation.retryOverhead).toBe(0);
  });

  it('is nothing when the first attempt outlives its hedge and succeeds', () => {
    const operation = startOperation();
    operation.beginAttempt(0);
    const first = operation.currentAttempt;
    operation.focus(operation.beginHedge(50));
    operation.endBeside(response(503), 'transient', 'transient_status', {
      now: 60,
      clock: { epoch: () => EPOCH },
    });
    operation.focus(first);
    operation.succeed(200, 500);
    expect(operation.retryOverhead).toBe(0);
  });
});

describe('who an operation is', () => {
  it('has an id of ours, another each time, when the caller gives none', () => {
    const [first, second] = [startOperation(), startOperation()];
    expect(first.id).toMatch(/^op-\d+$/);
    expect(second.id).not.toBe(first.id);
    expect(first.id).toBe(first.id);
  });

  it('belongs to the origin of its URL, without credentials, path and query', () => {
    expect(startOperation({}, { url: 'https://me:pw@a.example:8443/x?y=1' }).key).toBe(
      'https://a.example:8443',
    );
    expect(startOperation({}, {}).key).toBe('');
  });

  it("takes the caller's key first, then the policy's", () => {
    expect(startOperation({ key: () => 'tenant-1' }, { url: 'https://a.example' }).key).toBe('tenant-1');
    expect(startOperation({ key: () => 'tenant-1' }, {}, { key: 'mine' }).key).toBe('mine');
  });
});
