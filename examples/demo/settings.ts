/** What the command line asks for. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { RetryOptions, StrategyName } from '@tenax/core';

import { CLIENTS } from './clients/clients.ts';
import type { ClientName } from './clients/clients.ts';
import { ACCEPTED_PATH, faultOfPath } from './report-path.ts';

/** The settings of one run. */
export interface Settings {
  /** A real URL; the unreliable server when it is absent. */
  readonly url: string | undefined;
  readonly client: ClientName;
  readonly requests: number;
  readonly concurrency: number;
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly seed: number;
  readonly failureRate: number;
  readonly json: boolean;
  /** Where a page with pictures goes, if anywhere. */
  readonly report: string | undefined;
  readonly options: RetryOptions;
}

interface Flags {
  readonly client: ClientName;
  readonly attempts: number;
  readonly strategy: StrategyName;
  readonly baseDelay: number;
  readonly maxDelay: number;
  readonly jitter?: 'none' | 'full' | 'equal';
  readonly attemptTimeout?: number;
  readonly timeout: number;
  readonly method: string;
  readonly header: [string, string][];
  readonly requests?: number;
  readonly concurrency: number;
  readonly seed: number;
  readonly failureRate: number;
  readonly resume?: true;
  readonly json?: true;
  readonly report?: string;
}

const STRATEGIES: StrategyName[] = ['fixed', 'linear', 'exponential', 'fibonacci', 'decorrelated'];
const ATTEMPT_TIMEOUT = 400;
const RESUMING: readonly ClientName[] = ['fetch', 'undici', 'global-fetch'];

/** Reads the command line. Ends the process for `--help` and for what it can't understand. */
export function readSettings(argv: readonly string[]): Settings {
  const command = new Command('npm start --')
    .description('Sends real HTTP requests through a client that retries and shows what the retries did.')
    .argument('[url]', 'a URL to request; without one, an unreliable server is started here', readUrl)
    .addOption(
      new Option('--client <name>', 'what sends the requests').choices(Object.keys(CLIENTS)).default('fetch'),
    )
    .addOption(
      new Option('--attempts <n>', 'attempts in all, the first included')
        .argParser(wholeNumber(1))
        .default(4),
    )
    .addOption(new Option('--strategy <name>', 'how waits grow').choices(STRATEGIES).default('exponential'))
    .addOption(new Option('--base-delay <ms>', 'the first wait').argParser(number).default(60))
    .addOption(new Option('--max-delay <ms>', 'the longest computed wait').argParser(number).default(2000))
    .addOption(new Option('--jitter <kind>', 'how waits are spread').choices(['none', 'full', 'equal']))
    .addOption(
      new Option(
        '--attempt-timeout <ms>',
        `limit of one attempt (default: ${ATTEMPT_TIMEOUT}, within timeout)`,
      ).argParser(number),
    )
    .addOption(new Option('--timeout <ms>', 'limit of one operation').argParser(number).default(5000))
    .addOption(new Option('--method <name>', 'the HTTP method').default('GET'))
    .addOption(
      new Option('--header <name:value...>', 'headers to send').argParser(readHeader).default([], 'none'),
    )
    .addOption(
      new Option('--requests <n>', 'how many operations (default: 40, or 1 with a URL)').argParser(
        wholeNumber(0),
      ),
    )
    .addOption(
      new Option('--concurrency <n>', 'how many of them at once').argParser(wholeNumber(1)).default(2),
    )
    .addOption(new Option('--seed <n>', 'the same seed repeats the same run').argParser(number).default(7))
    .addOption(
      new Option('--failure-rate <share>', 'of the server here, 0 to 1').argParser(share).default(0.6),
    )
    .option('--resume', `continue a body that breaks off (${RESUMING.join(', ')} only)`)
    .option('--json', 'one JSON document instead of text')
    .addOption(
      new Option('--report <file>', 'also write a page with pictures, such as report.html').argParser(
        readPath,
      ),
    )
    .showHelpAfterError('(see --help)')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  command.parse(argv, { from: 'user' });
  const flags = command.opts<Flags>();
  if (flags.resume && !RESUMING.includes(flags.client)) {
    const accepted = RESUMING.map((name) => `--client ${name}`).join(', ');
    command.error(
      `error: option '--resume' is invalid with '--client ${flags.client}'. Accepted: ${accepted}.`,
    );
  }
  return toSettings(command.processedArgs[0] as string | undefined, flags);
}

function toSettings(url: string | undefined, flags: Flags): Settings {
  return {
    url,
    client: flags.client,
    requests: flags.requests ?? (url === undefined ? 40 : 1),
    concurrency: flags.concurrency,
    method: flags.method.toUpperCase(),
    headers: flags.header,
    seed: flags.seed,
    failureRate: flags.failureRate,
    json: flags.json ?? false,
    report: flags.report,
    options: {
      maxAttempts: flags.attempts,
      strategy: flags.strategy,
      baseDelay: flags.baseDelay,
      throttledBaseDelay: Math.min(flags.baseDelay * 2, flags.maxDelay),
      maxDelay: flags.maxDelay,
      attemptTimeout: flags.attemptTimeout ?? Math.min(ATTEMPT_TIMEOUT, flags.timeout || Infinity),
      timeout: flags.timeout,
      resume: flags.resume ?? false,
      ...(flags.jitter && { jitter: flags.jitter }),
    } as RetryOptions,
  };
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0))
    throw new InvalidArgumentError('Accepted: a number of at least 0.');
  return value;
}

function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`Accepted: a whole number of at least ${least}.`);
    return value;
  };
}

function share(text: string): number {
  const value = number(text);
  if (value > 1) throw new InvalidArgumentError('Accepted: a number from 0 to 1.');
  return value;
}

function readPath(text: string): string {
  const fault = faultOfPath(text);
  if (fault !== undefined) throw new InvalidArgumentError(`Given: ${fault}. Accepted: ${ACCEPTED_PATH}.`);
  return text;
}

function readUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new InvalidArgumentError('Accepted: an http or https URL.');
  }
  return text;
}

function readHeader(text: string, before: [string, string][]): [string, string][] {
  const colon = text.indexOf(':');
  if (colon < 1) throw new InvalidArgumentError('Accepted: name:value.');
  return [...before, [text.slice(0, colon).trim(), text.slice(colon + 1).trim()]];
}
