// The model again, over TCP: a raw server plays what a connection can do to an Agent.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { retryInterceptor } from '../src/index.ts';
import { realScripts } from './model/real-scripts.ts';
import { PatientClock } from './model/patient-clock.ts';
import { retryOptions } from './model/policy.ts';
import type { Performance } from './model/play.ts';
import { predict } from './model/prediction.ts';
import { describePerformance } from './model/readable.ts';
import { RealNetwork } from './model/real-network.ts';
import { requestBody } from './model/request-body.ts';
import { reproducible } from './model/reproducible.ts';
import {
  expectCarefulSending,
  expectLastWord,
  expectOneEnd,
  expectOneResponse,
  expectPredicted,
  expectRightBytes,
  expectStatistics,
} from './model/rules.ts';
import type { Script } from './model/script.ts';
import { ScriptedCaller } from './model/scripted-caller.ts';

async function play(script: Script): Promise<Performance> {
  const clock = new PatientClock();
  await using network = await RealNetwork.open(script, () => {
    clock.expire();
  });
  const caller = new ScriptedCaller(script.caller, clock);
  const dispatcher = network.dispatcher.compose(retryInterceptor(retryOptions(script, clock, clock)));
  const body = requestBody(script.options) as string | null;
  dispatcher.dispatch({ origin: network.origin, path: '/', method: script.options.method, body }, caller);
  await caller.ended;
  return {
    caller,
    dispatched: network.sent,
    closedBefore: false,
    refused: 0,
    leftBehind: { timers: clock.pending, connections: 0, bodies: 0 },
    afterwards: { told: 0, dispatched: 0, closings: 0 },
  };
}

describe('a request to a server that resets, cuts off and stalls', () => {
  it('ends once, as the model predicts, with the right bytes', async () => {
    await fc.assert(
      fc.asyncProperty(realScripts, async (script) => {
        const performance = await play(script);
        const prediction = predict(
          script,
          performance.dispatched.map(({ offset }) => offset),
          performance.caller.received,
        );
        try {
          expectOneEnd(performance);
          expectOneResponse(performance);
          expectLastWord(performance);
          expectRightBytes(performance, script);
          expectCarefulSending(performance, script);
          expectStatistics(performance);
          expect(performance.leftBehind.timers, 'timers').toBe(0);
          expectPredicted(performance, prediction, script);
        } catch (error) {
          const { message } = error as Error;
          throw new Error(`${message}\n\n${describePerformance(performance, prediction)}`, { cause: error });
        }
      }),
      {
        ...reproducible(60),
        // One that never ends is a counterexample, too.
        plugins: [fc.timeout(5000), fc.interruptAfterTimeLimit(80_000, { failOnInterrupt: true })],
      },
    );
  }, 120_000);
});
