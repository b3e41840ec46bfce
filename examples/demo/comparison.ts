/** The run that retries are compared with: the same operations, from the same moments on, without retries. */
import { startUnreliableServer } from '../unreliable-server/server.ts';
import { measureLoad, RequestLog, requestsOf } from './load.ts';
import type { Load, RecordedRun, SentRequest } from './load.ts';
import { sendAgain } from './operations.ts';
import type { Run } from './operations.ts';
import type { Settings } from './settings.ts';

/**
 * Measures the load of a run with and without retries. For the latter, everything is sent again to another server
 * that fails in the same way. A real URL is not requested again: nobody asked for twice the requests.
 */
export async function compareLoad(
  settings: Settings,
  run: Run,
  arrived: readonly SentRequest[],
  signal: AbortSignal,
): Promise<Load> {
  if (settings.url !== undefined) {
    return measureLoad('client', { run, requests: requestsOf(run.operations) }, undefined);
  }
  const plain = await runWithoutRetries(settings, run, signal);
  return measureLoad('server', { run, requests: arrived }, plain);
}

async function runWithoutRetries(
  settings: Settings,
  run: Run,
  signal: AbortSignal,
): Promise<RecordedRun | undefined> {
  if (signal.aborted) return undefined;
  const { requests, onRequest } = new RequestLog();
  await using server = await startUnreliableServer({ ...settings, onRequest });
  const options = { ...settings.options, maxAttempts: 1, resume: false };
  const again = await sendAgain(server.url, { ...settings, options }, run, signal);
  // Half a run would be compared with a whole one.
  return again.operations.length === run.operations.length ? { run: again, requests } : undefined;
}
