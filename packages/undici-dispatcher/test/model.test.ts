// Random networks, policies and callers against a model of what must come of them.
import process from 'node:process';

import * as fc from 'fast-check';
import * as undici from 'undici';
import { describe, expect, it } from 'vitest';

import { scripts } from './model/arbitraries.ts';
import { play } from './model/play.ts';
import { predict } from './model/prediction.ts';
import { describePerformance } from './model/readable.ts';
import { reproducible } from './model/reproducible.ts';
import {
  expectCarefulSending,
  expectFlowControl,
  expectLastWord,
  expectNothingLeft,
  expectOneEnd,
  expectOneResponse,
  expectPredicted,
  expectPredictedTimes,
  expectPromptAbort,
  expectPromptClosing,
  expectRightBytes,
  expectStatistics,
} from './model/rules.ts';
import type { Script } from './model/script.ts';

/** The network is in memory: another version of undici shares all but its error classes. */
const RUNS = 'Dispatcher1Wrapper' in undici ? 2000 : 200;

async function checkScript(script: Script): Promise<void> {
  const performance = await play(script);
  const offsets = performance.dispatched.map(({ offset }) => offset);
  const prediction = predict(script, offsets, performance.caller.received);
  try {
    expectOneEnd(performance);
    expectOneResponse(performance);
    expectLastWord(performance);
    expectRightBytes(performance, script);
    expectCarefulSending(performance, script);
    expectNothingLeft(performance);
    expectFlowControl(performance, script);
    expectPromptAbort(performance, script);
    expectPromptClosing(performance, script);
    expectStatistics(performance);
    expectPredicted(performance, prediction, script);
    expectPredictedTimes(performance, prediction);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`${message}\n\n${describePerformance(performance, prediction)}`, { cause: error });
  }
}

describe('a request over any network, with any policy, for any caller', () => {
  it('ends once, as the model predicts, and leaves nothing behind', async () => {
    const rejections: unknown[] = [];
    const remember = (reason: unknown): void => void rejections.push(reason);
    process.on('unhandledRejection', remember);
    try {
      await fc.assert(
        fc.asyncProperty(scripts, async (script) => {
          await checkScript(script);
          expect(rejections.splice(0), 'unhandled rejections').toEqual([]);
        }),
        reproducible(RUNS),
      );
    } finally {
      process.off('unhandledRejection', remember);
    }
  }, 120_000);
});
