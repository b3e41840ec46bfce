// The demo: `npm start`. Real requests through a client that retries, to an unreliable server or to a URL.
import { RetryConfigError } from '@tenax/core';

import { startUnreliableServer } from '../unreliable-server/server.ts';
import { colors } from './colors.ts';
import { compareLoad } from './comparison.ts';
import { RequestLog } from './load.ts';
import { sendAll } from './operations.ts';
import type { Operation, Run } from './operations.ts';
import { ReportPathError } from './report-path.ts';
import { reportText, summarize } from './report.ts';
import { describeRun } from './run-document.ts';
import { readSettings } from './settings.ts';
import type { Settings } from './settings.ts';
import { compareStrategies, strategyTable } from './strategies.ts';
import type { StrategyWaits } from './strategies.ts';
import { endLine, timelineHooks } from './timeline.ts';

const INTERRUPTED = 130;

// Whoever reads may have enough before the end, as `head` and a pager do.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
process.exitCode = await main(readSettings(process.argv.slice(2)));

async function main(settings: Settings): Promise<number> {
  const interruption = new AbortController();
  const interrupt = (): void => {
    interruption.abort(new Error('interrupted'));
  };
  process.once('SIGINT', interrupt);
  const log = new RequestLog();
  const { onRequest } = log;
  const server =
    settings.url === undefined ? await startUnreliableServer({ ...settings, onRequest }) : undefined;
  try {
    const failed = await show(settings, server?.url ?? '', log, interruption.signal);
    return interruption.signal.aborted ? INTERRUPTED : failed && settings.url !== undefined ? 1 : 0;
  } catch (error) {
    if (!(error instanceof RetryConfigError || error instanceof ReportPathError)) throw error;
    console.error(`error: ${error.message} (see --help)`);
    return 2;
  } finally {
    process.off('SIGINT', interrupt);
    await server?.close();
  }
}

async function show(
  settings: Settings,
  target: string,
  log: RequestLog,
  signal: AbortSignal,
): Promise<boolean> {
  const say = (text: string): void => {
    if (!settings.json) console.log(text);
  };
  const { client, requests, url = 'an unreliable server' } = settings;
  say(
    colors.bold(`${requests} ${requests === 1 ? 'operation' : 'operations'} with ${client} against ${url}\n`),
  );
  const hooks = settings.json ? {} : timelineHooks(say);
  const run = await sendAll(target, settings, hooks, signal, (operation: Operation, error: unknown) => {
    const line = endLine(operation, error);
    if (line !== undefined) say(line);
  });
  say('');
  const summary = summarize(run.operations);
  const strategies = compareStrategies(settings.options, settings.seed);
  const snapshot = run.engine.statistics.snapshot();
  say(`${colors.bold('The strategies, from the same base and cap')}\n${strategyTable(strategies)}\n`);
  say(`${colors.bold('What the retries did')}\n${reportText(summary, snapshot)}`);
  // Only those who ask for the whole document wait for the comparison.
  if (settings.json || settings.report !== undefined) {
    await writeDocument(settings, run, strategies, log, signal, say);
  }
  return summary.succeeded < summary.operations;
}

async function writeDocument(
  settings: Settings,
  run: Run,
  strategies: readonly StrategyWaits[],
  log: RequestLog,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<void> {
  if (settings.url === undefined) say('\nNow the same operations without retries, for comparison …');
  const load = await compareLoad(settings, run, log.requests, signal);
  const document = describeRun(settings, run, strategies, load);
  if (settings.json) console.log(JSON.stringify(document, null, 2));
  if (settings.report === undefined) return;
  // Loaded only where it is needed: the plotting library would slow down every start.
  const { writeReport } = await import('./report-page/write-report.ts');
  await writeReport(settings.report, document);
  say(`The report is in ${settings.report}`);
}
