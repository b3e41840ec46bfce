import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createRetryEngine } from '@tenax/core';
import { describe, expect, it, onTestFinished } from 'vitest';

import { sendAgain } from '../demo/operations.ts';
import type { Operation, Run } from '../demo/operations.ts';
import { readSettings } from '../demo/settings.ts';

const START = 1_000_000;

function startedAfter(delay: number): Operation {
  const startTime = START + delay;
  return {
    name: 'op',
    succeeded: true,
    ending: '200',
    bytes: 4,
    startTime,
    endTime: startTime,
    statistics: undefined,
  };
}

/** A run whose operations started so many ms after it. */
function runOf(delays: readonly number[]): Run {
  const operations = delays.map(startedAfter);
  return { engine: createRetryEngine(), operations, startTime: START, endTime: START };
}

async function serve(): Promise<string> {
  const server = createServer((_, response) => response.end('body'));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** What Node warns of from here to the end of the test. */
function warnings(): Error[] {
  const heard: Error[] = [];
  const hear = (warning: Error): void => void heard.push(warning);
  process.on('warning', hear);
  onTestFinished(() => void process.off('warning', hear));
  return heard;
}

describe('the same operations a second time', () => {
  it('start at once where their time has passed, also when the clock was set back in between', async () => {
    const heard = warnings();
    const target = await serve();
    const { operations } = await sendAgain(
      target,
      readSettings([target]),
      runOf([0, -5000]),
      new AbortController().signal,
    );
    expect(operations.map(({ ending }) => ending)).toEqual(['200', '200']);
    expect(heard).toEqual([]);
  });
});
