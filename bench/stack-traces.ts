// Whether the stack of what is thrown shows who made the call: a reader looks for that first.
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

import { createRetryEngine } from '@tenax/core';

import { roleOf } from './measurement.ts';
import type { Cell, Row } from './measurement.ts';
import { peers } from './peers/all.ts';
import { fetchClients } from './peers/fetch-clients.ts';
import type { Peer, Run } from './peers/peer.ts';
import { publish } from './publish.ts';

/** As an application has it: the function whose name a reader looks for. */
async function callerOfTheLibrary(call: () => Promise<unknown>): Promise<unknown> {
  return await call();
}

const failing = async (): Promise<never> => {
  await turn();
  throw new Error('the function failed');
};
/** Kept alive by a timer, since nothing else would. */
const neverEnding = (): Promise<never> =>
  new Promise((resolve) => setTimeout(resolve, 1_000)) as Promise<never>;

/** While they all ran at the same time an answer differed from run to run; so they run alone, and more than once. */
const TRIALS = 5;
const TIMEOUT = 20; // ms

/** Each trial has a policy of its own, so that none finds the circuit open that another opened. */
async function trials(make: () => Run, operation: () => Promise<never>): Promise<Cell> {
  const shown: boolean[] = [];
  for (let trial = 0; trial < TRIALS; trial += 1) {
    const run = make();
    shown.push(await showsCaller(() => run(operation)));
  }
  if (shown.every(Boolean)) return 'yes';
  return shown.some(Boolean) ? 'not always' : 'no';
}

async function showsCaller(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await callerOfTheLibrary(call);
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    return stack.includes('callerOfTheLibrary');
  }
  throw new Error('nothing was thrown');
}

function timedTenax(): Run {
  const engine = createRetryEngine({ timeout: TIMEOUT });
  return (operation) => engine.execute(operation);
}

async function rowOf(name: string, { guarded, retrying }: Peer): Promise<Row> {
  const timed = name === 'Tenax' ? timedTenax : guarded && (() => guarded({ attemptTimeout: TIMEOUT }));
  return {
    name,
    role: name === 'Tenax' ? 'tenax' : 'peer',
    cells: [
      retrying && (await trials(() => retrying({ maxAttempts: 2, wait: 1 }), failing)),
      timed && (await trials(timed, neverEnding)),
    ],
  };
}

const functions: Row[] = [];
for (const [name, load] of Object.entries(peers)) functions.push(await rowOf(name, await load()));

const url = await refusingUrl();
const clients: Row[] = [];
for (const [name, create] of Object.entries(fetchClients)) {
  if (name.endsWith('again')) continue;
  const client = await create();
  const shown = await showsCaller(() => client(url));
  clients.push({ name, role: roleOf(name, 'bare fetch'), cells: [shown ? 'yes' : 'no'] });
}

publish({
  name: 'stack-traces',
  title: 'Stack traces',
  method: [
    'Whether the name of the asynchronous function that called the library stands in the stack of the error that it gets.',
    'The function throws after a turn of the event loop, twice; or it never ends, and a timeout does. The clients get a refused connection, up to three times.',
  ],
  tables: [
    {
      title: 'functions',
      columns: [
        { name: 'attempts exhausted', digits: 0 },
        { name: 'timeout', digits: 0 },
      ],
      rows: functions,
    },
    { title: 'fetch clients', columns: [{ name: 'connection refused', digits: 0 }], rows: clients },
  ],
});

/** A port that nobody listens on any more. */
async function refusingUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}/`;
}
