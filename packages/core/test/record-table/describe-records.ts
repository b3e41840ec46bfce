// The tests of the table, for one client.
import { describe, expect, it } from 'vitest';

import type { AttemptRecord, RequestStatistics } from '../../src/record.ts';
import { formatStatistics } from '../../src/statistics/format.ts';
import type { Client } from './client.ts';
import { ownMessages, play } from './play.ts';
import type { Played } from './play.ts';
import { SECRET } from './stage.ts';
import { endingsOf, expectedRecord, expectedRetries } from './table.ts';

/** When the clock of a row starts. */
const START = Date.UTC(2020, 0, 1);

const WAYS = [
  ['as the client itself', false],
  ["with Tenax' own errors", true],
] as const;

/** Plays every row that the client can get to. What the caller gets in the end makes no difference to the record. */
export function describeRecords(client: Client): void {
  describe.each(endingsOf(client).map((ending) => [ending.title, ending] as const))(
    `a request of ${client.name}, after %s`,
    (_, ending) => {
      it.each(WAYS)('that ends %s leaves the record of the table', async (_way, throwOnExhausted) => {
        const { key, record } = await play(ending, client, { throwOnExhausted });
        expect(record).toStrictEqual({
          id: expect.stringMatching(/^op-\d+$/) as string,
          ...expectedRecord(ending, client, key, START),
        });
        expect(JSON.parse(JSON.stringify(record))).toStrictEqual(record);
        expect(unfrozenIn(record)).toEqual([]);
        expectTimesToAddUp(record);
      });

      it.each(WAYS)(
        'that ends %s tells its hooks the same, and nothing secret',
        async (_way, throwOnExhausted) => {
          const played = await play(ending, client, { throwOnExhausted });
          const { record } = played;
          expect(toldOf(played)).toEqual({
            attempts: record.attempts,
            retries: expectedRetries(ending),
            end: [record],
          });
          expect(everyTextOf(played)).not.toContain(SECRET);
        },
      );
    },
  );
}

function expectTimesToAddUp({ attempts, totalDelay, totalTime }: RequestStatistics): void {
  for (const { endTime, responseTime, startTime } of attempts) expect(endTime - startTime).toBe(responseTime);
  const waited = attempts.reduce((sum, { delayBefore }) => sum + delayBefore, 0);
  // A wait that was not followed by an attempt counts too.
  expect(totalDelay).toBeGreaterThanOrEqual(waited);
  expect(totalTime).toBeGreaterThanOrEqual(totalDelay);
}

function toldOf({ events }: Played): {
  readonly attempts: unknown[];
  readonly retries: unknown[];
  readonly end: unknown[];
} {
  const told = (...hooks: string[]): object[] =>
    events.filter(([hook]) => hooks.includes(hook)).map(([, event]) => event);
  const attempts = told('onAttempt').map((event) => (event as { attempt: AttemptRecord }).attempt);
  return {
    // Those beside each other end in any order.
    attempts: attempts.toSorted((one, other) => one.attemptNumber - other.attemptNumber),
    retries: told('onRetry').map((event) => (event as { reason: unknown }).reason),
    end: told('onSuccess', 'onGiveUp').map((event) => (event as { statistics: unknown }).statistics),
  };
}

function everyTextOf(played: Played): string {
  const readHeaders = (_: string, value: unknown): unknown => (value instanceof Headers ? [...value] : value);
  return [
    JSON.stringify(played.record),
    formatStatistics(played.record),
    JSON.stringify(played.events, readHeaders),
    ...ownMessages(played),
  ].join('\n');
}

/** The paths of what could still be changed. */
function unfrozenIn(value: unknown, path: string = 'record'): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const within = Object.entries(value).flatMap(([name, part]) => unfrozenIn(part, `${path}.${name}`));
  return Object.isFrozen(value) ? within : [path, ...within];
}
