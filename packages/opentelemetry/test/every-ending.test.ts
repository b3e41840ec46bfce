// Every way that a request can end, as core's table has them, with every client.
import { describe, expect, it } from 'vitest';

import { play } from '../../core/test/record-table/play.ts';
import { SECRET } from '../../core/test/record-table/stage.ts';
import { endingsOf } from '../../core/test/record-table/table.ts';
import { rootOf, startTelemetry, textOf } from './telemetry.ts';
import { TABLE_CLIENTS } from './table-clients.ts';

const CASES = TABLE_CLIENTS.flatMap((client) =>
  endingsOf(client).map((ending) => [client.name, ending.title, client, ending] as const),
);

describe.each(['own', 'inner'] as const)('with attemptSpans: %s', (attemptSpans) => {
  it.each(CASES)(
    'a request of %s, after %s, leaves no span open and no secret',
    async (_, __, client, ending) => {
      await using telemetry = startTelemetry({ attemptSpans });
      const { record } = await play(ending, client, {});
      // Another operation may be there, that takes a place in the bulkhead.
      const own = telemetry.spans.find(({ attributes }) => attributes['tenax.operation.id'] === record.id);
      const { traceId } = own!.spanContext();
      const spans = telemetry.spans.filter((span) => span.spanContext().traceId === traceId);
      const root = rootOf(spans);
      const attempts = spans
        .filter((span) => span !== root)
        .toSorted((one, other) => numberOf(one) - numberOf(other));
      expect(root.attributes).toMatchObject({
        'tenax.result': record.result,
        'tenax.reason': record.reason,
        'tenax.attempts': record.attempts.length,
      });
      expect(attempts.map(({ attributes }) => attributes['tenax.attempt.reason'])).toEqual(
        attemptSpans === 'own' ? record.attempts.map(({ reason }) => reason) : [],
      );
      expect(telemetry.unended).toEqual([]);
      expect(textOf(telemetry.spans)).not.toContain(SECRET);
      expect(await telemetry.metricsText()).not.toContain(SECRET);
    },
  );
});

function numberOf({ attributes }: { attributes: Record<string, unknown> }): number {
  return Number(attributes['tenax.attempt.number']);
}
