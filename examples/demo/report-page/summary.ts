/** The sums at the top of the page: what retries brought, and what they cost. */
import type { RunDocument } from '../run-document.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { count, duration, grouped, percent, percentOf } from './wording.ts';

/** The title of the page. */
export function titleOf({ client, summary }: RunDocument): string {
  return `${count(summary.operations, 'operation')} with ${client}`;
}

/** The heading and the sums. */
export function summarySection(document: RunDocument): Markup {
  const { attemptNumbers, load, statistics, summary } = document;
  const retries = attemptNumbers.slice(1).reduce((sum, { attempts }) => sum + attempts, 0);
  const waited = document.operations.reduce(
    (sum, operation) => sum + (operation.statistics?.totalDelay ?? 0),
    0,
  );
  const { withoutRetries, withRetries } = load;
  // Where there was no second run, first attempts tell what would have been.
  const plain = {
    succeeded: withoutRetries?.succeeded ?? attemptNumbers[0]?.succeeded ?? 0,
    requests: withoutRetries?.requests ?? attemptNumbers[0]?.attempts ?? 0,
    rate: withoutRetries
      ? percentOf(withoutRetries.succeeded, withoutRetries.operations)
      : percent(summary.successRateWithoutRetries),
  };
  const failures = Object.entries(statistics.failureClasses)
    .filter(([, number]) => number > 0)
    .map(([name, number]) => `${grouped(number)} ${name}`);
  return html`<header>
      <p class="product">Tenax demo</p>
      <h1>${titleOf(document)}</h1>
      <p class="lead">${lead(document)}</p>
    </header>
    <section aria-labelledby="summary">
      <h2 id="summary" class="hidden">Summary</h2>
      <dl class="tiles">
        ${[
          tile(
            'success with retries',
            percent(summary.successRate),
            `${grouped(summary.succeeded)} of ${grouped(summary.operations)}`,
          ),
          tile(
            'success without',
            plain.rate,
            `${grouped(plain.succeeded)} of ${grouped(summary.operations)}`,
          ),
          tile(
            'attempts each',
            summary.averageAttempts.toFixed(2),
            `${count(retries, 'retry', 'retries')} in all`,
          ),
          tile('time added by retries', duration(summary.averageOverhead), 'on average'),
        ]}
      </dl>
      <div class="columns">
        <table class="comparison">
          <thead>
            <tr>
              <td></td>
              <th scope="col" class="number">with retries</th>
              <th scope="col" class="number">without</th>
            </tr>
          </thead>
          <tbody>
            ${[
              row('Operations', grouped(summary.operations), grouped(summary.operations)),
              row('Succeeded', grouped(summary.succeeded), grouped(plain.succeeded)),
              row('Success rate', percent(summary.successRate), plain.rate),
              row('Requests', grouped(withRetries.requests), grouped(plain.requests)),
              row(
                'Requests an operation',
                perOperation(withRetries.requests, summary.operations),
                perOperation(plain.requests, summary.operations),
              ),
              row('Time spent waiting', duration(waited), duration(0)),
            ]}
          </tbody>
        </table>
        <div class="note">
          <p>${failures.length === 0 ? 'No attempt failed.' : `Failed attempts: ${failures.join(', ')}.`}</p>
          <p>${origin(document)}</p>
        </div>
      </div>
    </section>`;
}

/** Who was asked, and how. */
function lead({ settings }: RunDocument): string {
  const { baseDelay, concurrency, failureRate, jitter, maxAttempts, maxDelay, method, seed, strategy, url } =
    settings;
  const target = url ?? `a server that fails ${percent(failureRate ?? 0)} of all requests`;
  const spread =
    typeof jitter === 'string' ? (jitter === 'none' ? 'no' : jitter) : `±${percent(jitter.range)}`;
  // Decorrelated waits are random by themselves.
  const jittered = strategy === 'decorrelated' ? '' : ` and ${spread} jitter`;
  return `${method} requests, ${concurrency} at a time, to ${target} (seed ${seed}). Each has up to ${count(maxAttempts, 'attempt')}, with ${strategy} waits from ${duration(baseDelay)} to ${duration(maxDelay)}${jittered}.`;
}

/** Where the second column comes from. */
function origin({ load }: RunDocument): string {
  return load.withoutRetries
    ? 'Without retries: the same operations, sent again at the same moments to a server that fails in the same way.'
    : 'Without retries: what the first attempts of this run came to; nothing was sent a second time to find out.';
}

function tile(name: string, value: string, note: string): Markup {
  return html`<div>
    <dt>${name}</dt>
    <dd><strong>${value}</strong> <span>${note}</span></dd>
  </div>`;
}

function row(name: string, withRetries: string, without: string): Markup {
  return html`<tr>
    <th scope="row">${name}</th>
    <td class="number">${withRetries}</td>
    <td class="number">${without}</td>
  </tr>`;
}

function perOperation(requests: number, operations: number): string {
  return (requests / Math.max(1, operations)).toFixed(2);
}
