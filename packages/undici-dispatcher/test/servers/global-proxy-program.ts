// Fetches through the proxy that the environment names, with retries or without. It imports node:http first, which loads
// the undici of Node and its agent for the proxy.
import 'node:http';
import { argv } from 'node:process';

const { installGlobalRetry } = await import('@tenax/undici-dispatcher');
const retries = argv[2] === 'retries' ? installGlobalRetry({ maxAttempts: 1 }) : undefined;
const outcome = await fetch('http://api.example.test/').then(
  ({ status }) => status,
  () => 'failed',
);
retries?.restore();
console.log(JSON.stringify({ outcome }));
