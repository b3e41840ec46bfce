// Installs retries before this Node has loaded its own undici, or after: prints what a fetch then came to. It imports no
// node:http, for that alone loads the undici of Node.
import { argv } from 'node:process';

const [url = '', order] = argv.slice(2);
if (order === 'after') await (await fetch(url)).text();
const { installGlobalRetry } = await import('@tenax/undici-dispatcher');
const retries = installGlobalRetry({ baseDelay: 1, throttledBaseDelay: 1 });
const attempts = (): number => retries.dispatcher.engine.statistics.snapshot().totalAttempts;
const { status } = await fetch(url);
const installed = attempts();
retries.restore();
await fetch(url);
console.log(JSON.stringify({ status, installed, restored: attempts() - installed }));
