// Runs the smoke suite in Chromium, against a real server on loopback. Node runs the same in the tests.
import { join } from 'node:path';
import process from 'node:process';

import { chromium, findChromium } from '../../fetch-adapter/smoke/chromium.ts';
import { report } from '../../fetch-adapter/smoke/report.ts';
import { startServer, unusedPort } from '../../fetch-adapter/smoke/server.ts';

const path = findChromium();
if (path === undefined) {
  console.log('- skipped: Chromium (not installed)');
} else {
  await using server = await startServer();
  const place = { base: server.url, refused: `http://127.0.0.1:${await unusedPort()}/` };
  const failed = await report(chromium(path, join(import.meta.dirname, 'page.js')), place);
  process.exitCode = failed === 0 ? 0 : 1;
}
