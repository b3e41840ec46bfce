/** Every operation in numbers, for those who want them all. */
import type { Operation } from '../operations.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { endingsOf, toRow } from './operation-rows.ts';
import { count, duration } from './wording.ts';

/** The table, closed until somebody opens it. */
export function operationTable(operations: readonly Operation[]): Markup {
  const rows = operations.map((operation) => {
    const { endTime, name, startTime, statistics, succeeded } = operation;
    return html`<tr>
      <th scope="row">${name}</th>
      <td>${succeeded ? 'succeeded' : 'failed'}</td>
      <td class="number">${statistics?.attempts.length ?? 0}</td>
      <td class="number">${duration(endTime - startTime)}</td>
      <td>${endingsOf(toRow(operation)) || operation.ending}</td>
    </tr>`;
  });
  return html`<details>
    <summary>
      ${operations.length === 1 ? 'The operation' : `All ${count(operations.length, 'operation')}`} in numbers
    </summary>
    <section class="scroll" tabindex="0" aria-label="All operations">
      <table>
        <thead>
          <tr>
            <th scope="col">operation</th>
            <th scope="col">result</th>
            <th scope="col" class="number">attempts</th>
            <th scope="col" class="number">time</th>
            <th scope="col">endings of its attempts</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </section>
  </details>`;
}
