// Puts the results into the documents that show them, between their markers:
//   <!-- bench:begin all -->      every measurement, with its method
//   <!-- bench:begin engine -->   the tables of one
//   <!-- bench:begin machine -->  where it was measured, and with which versions
//   <!-- bench:begin better -->   where a peer is better
//   <!-- bench:begin closer -->   what was measured for longer
//   <!-- bench:end -->
import { readFileSync } from 'node:fs';

import type { Machine } from './machine.ts';
import { betterPeers, measurementMarkdown, tableMarkdown } from './markdown.ts';
import type { Measurement } from './measurement.ts';

/** What `results.json` holds. */
export interface Results {
  readonly date: string;
  /** Only a smoke test: the figures mean nothing. */
  readonly quick: boolean;
  readonly minutes: number;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly measurements: readonly Measurement[];
  /** Some of them, measured for longer at another time. */
  readonly closer?: Closer;
}

/** What `pnpm bench NAME --seconds=N` measured. */
export interface Closer {
  readonly date: string;
  readonly seconds: number;
  readonly machine: Machine;
  readonly measurements: readonly Measurement[];
}

const BLOCK = /(?<begin><!-- bench:begin (?<name>[a-z-]+) -->\n)[^]*?(?<end><!-- bench:end -->)/gu;

/** The document with the results in its blocks. */
export function filled(file: string, results: Results): string {
  const text = readFileSync(file, 'utf8');
  let blocks = 0;
  const changed = text.replaceAll(BLOCK, (_whole, begin: string, name: string, end: string) => {
    blocks += 1;
    return `${begin}\n${blockText(name, results)}\n\n${end}`;
  });
  if (blocks === 0) throw new Error(`${file} has no block for results`);
  return changed;
}

function blockText(name: string, results: Results): string {
  const { measurements } = results;
  if (name === 'machine') return machineText(results);
  if (name === 'better') return betterPeers(measurements);
  if (name === 'closer') return closerText(results.closer);
  if (name === 'all') {
    return [machineText(results), ...measurements.map(measurementMarkdown)].join('\n\n');
  }
  const measurement = measurements.find((one) => one.name === name);
  if (measurement === undefined) throw new Error(`no measurement is called ${name}`);
  return measurement.tables.map(tableMarkdown).join('\n\n');
}

function closerText(closer: Closer | undefined): string {
  if (closer === undefined) return 'Nothing yet.';
  const { date, machine, measurements, seconds } = closer;
  const names = measurements.map(({ name }) => name).join(' ');
  return [
    `Measured on ${date.slice(0, 10)} with \`pnpm bench ${names} --seconds=${seconds}\` on ${machine.cores} cores of ${machine.processor}, Node ${machine.node}.`,
    ...measurements.flatMap(({ tables }) => tables.map(tableMarkdown)),
  ].join('\n\n');
}

function machineText({ date, machine, minutes, quick, versions }: Results): string {
  const { cores, memory, node, processor, system, v8 } = machine;
  const peers = Object.entries(versions)
    .filter(([name]) => !name.startsWith('@tenax/'))
    .map(([name, version]) => `${name} ${version}`);
  return [
    ...(quick ? ['**A smoke test: these figures mean nothing.**'] : []),
    `Measured on ${date.slice(0, 10)} in ${minutes.toFixed(1)} minutes: ${cores} cores of ${processor}, ${memory}, ${system}; Node ${node}, V8 ${v8}.`,
    `Versions: ${peers.join(', ')}.`,
  ].join('\n\n');
}
