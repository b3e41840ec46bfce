// Keeps a process on one core, where the system can do that: a scheduler that moves processes about costs more than a
// layer does, and not each of them the same.
import { spawnSync } from 'node:child_process';
import type { ForkOptions } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Whether the server and the clients have a core each. */
export const hasCores: boolean =
  availableParallelism() >= 2 && spawnSync('taskset', ['--version']).status === 0;

/** How to start a program of Node on this core alone. */
export function onCore(core: 0 | 1, flags: readonly string[] = []): ForkOptions {
  return hasCores
    ? { execPath: 'taskset', execArgv: ['--cpu-list', String(core), process.execPath, ...flags] }
    : { execArgv: [...flags] };
}
