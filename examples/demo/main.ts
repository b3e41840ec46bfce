// The demo: `npm start`. Real requests through a client that retries, to an unreliable server or to a URL.
import { RetryConfigError } from '@tenax/core';

import { startUnreliableServer } from '../unreliable-server/server.ts';
import { colors } from './colors.ts';
import { sendAll } from './operations.ts';
import type { Operation } from './operations.ts';
import { reportText, summarize } from './report.ts';
import { readSettings } from './settings.ts';
import type { Settings } from './settings.ts';
import { compareStrategies, strategyTable } from './strategies.ts';
import { bodyLine, timelineHooks } from './timeline.ts';

const INTERRUPTED = 130;

process.exitCode = await main(readSettings(process.argv.slice(2)));

async function main(settings: Settings): Promise<number> {
  const interruption = new AbortController();
  const interrupt = (): void => {
    interruption.abort(new Error('interrupted'));
  };
  process.once('SIGINT', interrupt);
  const server = settings.url === undefined ? await startUnreliableServer(settings) : undefined;
  try {
    const failed = await show(settings, server?.url ?? '', interruption.signal);
    return interruption.signal.aborted ? INTERRUPTED : failed && settings.url !== undefined ? 1 : 0;
  } catch (error) {
    if (!(error instanceof RetryConfigError)) throw error;
    console.error(`error: ${error.message} (see --help)`);
    return 2;
  } finally {
    process.off('SIGINT', interrupt);
    await server?.close();
  }
}

async function show(settings: Settings, target: string, signal: AbortSignal): Promise<boolean> {
  const say = (text: string): void => {
    if (!settings.json) console.log(text);
  };
  const { client, requests, url = 'an unreliable server' } = settings;
  say(colors.bold(`${requests} operations with ${client} against ${url}\n`));
  const hooks = settings.json ? {} : timelineHooks(say);
  const run = await sendAll(target, settings, hooks, signal, (operation: Operation) => {
    const broken = bodyLine(operation);
    if (broken !== undefined) say(broken);
  });
  say('');
  const summary = summarize(run.operations);
  const strategies = compareStrategies(settings.options, settings.seed);
  const snapshot = run.engine.statistics.snapshot();
  say(`${colors.bold('The strategies, from the same base and cap')}\n${strategyTable(strategies)}\n`);
  say(`${colors.bold('What the retries did')}\n${reportText(summary, snapshot)}`);
  if (settings.json) {
    const { operations } = run;
    console.log(JSON.stringify({ client, summary, operations, strategies, statistics: snapshot }, null, 2));
  }
  return summary.succeeded < summary.operations;
}
