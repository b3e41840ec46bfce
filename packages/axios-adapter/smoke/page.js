// Puts the suite within reach of a browser's page.
import { runSuite } from './suite.js';

Object.assign(globalThis, { runSuite });
