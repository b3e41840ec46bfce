// Runs the suite in Node, Bun and Deno: `command-line.js BASE REFUSED`. Prints the results as one line of JSON.
import process from 'node:process';

import { runSuite } from './suite.js';

const [base = '', refused = ''] = process.argv.slice(2);
console.log(JSON.stringify(await runSuite({ base, refused })));
