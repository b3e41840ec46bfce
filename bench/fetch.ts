// The happy path of fetch, bare and with each of the retry layers.
import { compareClients } from './http-clients.ts';
import { fetchClients } from './peers/fetch-clients.ts';

await compareClients(import.meta.url, fetchClients, {
  name: 'fetch',
  title: 'fetch',
  seconds: 130,
  rounds: 96,
  throughout: [
    'bare fetch',
    'bare fetch again',
    'Tenax',
    'two readings of the clock',
    'a record of each request',
  ],
  goals: { latency: 1.01, throughput: 0.98, processor: 1.02 },
  method: [
    'The happy path over the fetch of Node. Every client may retry twice, and reads the body as text.',
  ],
});
