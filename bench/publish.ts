// Each program prints what it found for people, or hands it to `run-all.ts`.
import { writeFileSync } from 'node:fs';

import { measurementMarkdown } from './markdown.ts';
import type { Measurement } from './measurement.ts';
import { option } from './settings.ts';

/** Shows a measurement, and writes it where `run-all.ts` asked for it. */
export function publish(measurement: Measurement): void {
  const file = option('json');
  if (file === undefined) console.log(measurementMarkdown(measurement));
  else writeFileSync(file, JSON.stringify(measurement));
}
