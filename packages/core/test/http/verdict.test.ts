import { describe, expect, it } from 'vitest';

import { applyVerdict } from '../../src/http/verdict.ts';
import type { Classification } from '../../src/outcome.ts';

const success: Classification = { retryable: false, reason: 'success' };
const transient: Classification = { failureClass: 'transient', retryable: true, reason: 'transient_status' };
const permanent: Classification = {
  failureClass: 'permanent',
  retryable: false,
  reason: 'permanent_failure',
};

describe('the verdict of shouldRetry', () => {
  it.each([
    ['undefined leaves a success', success, undefined, success],
    ['undefined leaves a retryable failure', transient, undefined, transient],
    ['undefined leaves a permanent failure', permanent, undefined, permanent],
    ['true changes nothing about a retryable failure', transient, true, transient],
    ['false changes nothing about a permanent failure', permanent, false, permanent],
    ['false changes nothing about a success', success, false, success],
    [
      'true makes a success a failure worth another attempt',
      success,
      true,
      { failureClass: 'transient', retryable: true, reason: 'should_retry' },
    ],
    [
      'true makes a permanent failure worth another attempt, and keeps its class',
      permanent,
      true,
      { failureClass: 'permanent', retryable: true, reason: 'should_retry' },
    ],
    [
      'false ends a retryable failure, and keeps its class',
      transient,
      false,
      { failureClass: 'transient', retryable: false, reason: 'should_not_retry' },
    ],
  ] as const)('%s', (_, builtIn, verdict, expected) => {
    expect(applyVerdict(builtIn, verdict)).toEqual(expected);
  });
});
