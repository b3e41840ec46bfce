/** The file that a report is written to. */
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** What a path has to be. */
export const ACCEPTED_PATH = 'a file that can be written, in a directory that exists';

/** Nothing could be written after all. */
export class ReportPathError extends Error {
  override readonly name = 'ReportPathError';

  constructor(path: string, cause: unknown) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    super(`--report: given "${path}", which can't be written (${code}). Accepted: ${ACCEPTED_PATH}.`, {
      cause,
    });
  }
}

/** Why nothing can be written to a path, found out before a run and not after it. */
export function faultOfPath(path: string): string | undefined {
  if (path === '') return 'no path';
  try {
    const present = statSync(path, { throwIfNoEntry: false });
    if (present?.isDirectory()) return 'a directory';
    const directory = dirname(path);
    if (!statSync(directory).isDirectory()) return `"${directory}" is no directory`;
    accessSync(present ? path : directory, constants.W_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
