// Fetches through the proxy that the environment names, with retries or without.
import { argv } from 'node:process';

// It loads the undici of Node, with an agent for the proxy.
await import('node:http');
const { installGlobalRetry } = await import('@tenax/undici-dispatcher');
const retries = argv[2] === 'retries' ? installGlobalRetry({ maxAttempts: 1 }) : undefined;
const outcome = await fetch('http://api.example.test/').then(
  ({ status }) => status,
  () => 'failed',
);
retries?.restore();
console.log(JSON.stringify({ outcome }));
