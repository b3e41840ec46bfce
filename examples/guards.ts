// What guards do, against a server of its own: a budget, a circuit breaker and hedges. Run it with
// `node examples/guards.ts`.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { CircuitOpenError } from '@tenax/core';
import { createRetryingFetch } from '@tenax/fetch-adapter';

let isDown = true;
let received = 0;
const server = createServer((_, response) => {
  received += 1;
  // Every tenth answer is a slow one.
  const delay = !isDown && received % 10 === 0 ? 500 : 0;
  setTimeout(() => response.writeHead(isDown ? 503 : 200).end(), delay);
});
await new Promise<void>((resolve) => {
  server.listen(0, '127.0.0.1', resolve);
});
const { port } = server.address() as AddressInfo;
const url = `http://127.0.0.1:${port}/`;

console.log('The budget: 50 requests at once to a server that is down');
for (const budget of [false, { ratio: 0.2, minPerSecond: 0 }] as const) {
  received = 0;
  const fetch = createRetryingFetch({ budget, baseDelay: 10 });
  await Promise.all(Array.from({ length: 50 }, () => fetch(url)));
  console.log(budget ? '  a fifth may be retried:' : '  without one:', received, 'attempts');
}

console.log('The circuit breaker: one request after another, and the server comes back');
const guarded = createRetryingFetch({
  maxAttempts: 1,
  circuitBreaker: { minimumThroughput: 5, openTime: 200 },
  hooks: { onCircuitChange: ({ from, to }) => console.log(`  ${from} → ${to}`) },
});
received = 0;
for (let request = 1; request <= 10; request += 1) {
  try {
    await guarded(url);
  } catch (error) {
    if (!(error instanceof CircuitOpenError)) throw error;
  }
}
console.log('  10 requests,', received, 'of them sent');
isDown = false;
received = 0;
await pause(250);
for (let request = 1; request <= 3; request += 1) await guarded(url);

console.log('Hedging: 30 requests, every tenth answer takes half a second');
for (const hedge of [false, { delay: 50, maxExtraLoad: 0.2 }] as const) {
  received = 0;
  const fetch = createRetryingFetch({ hedge });
  let slowest = 0;
  for (let request = 1; request <= 30; request += 1) {
    const start = performance.now();
    await fetch(url);
    slowest = Math.max(slowest, performance.now() - start);
  }
  const sent = fetch.engine.guards.snapshot()[0]?.hedge?.sent ?? 0;
  console.log(`  ${sent} hedges: the slowest took ${Math.round(slowest)} ms`);
}

server.closeAllConnections();
server.close();
