/** Writes the page to its file. */
import { writeFile } from 'node:fs/promises';

import { ReportPathError } from '../report-path.ts';
import type { RunDocument } from '../run-document.ts';
import { reportPage } from './report-page.ts';

/**
 * Replaces the file at `path`, if there is one.
 *
 * @throws ReportPathError when it can't be written
 */
export async function writeReport(path: string, document: RunDocument): Promise<void> {
  const page = reportPage(document);
  try {
    await writeFile(path, page);
  } catch (error) {
    throw new ReportPathError(path, error);
  }
}
