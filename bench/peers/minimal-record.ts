// The least that keeps what Tenax keeps of a request that succeeds at once: its record beside the response, the first
// attempts that its destination's budget is computed from, and the counts behind averages and quantiles. It retries
// nothing and checks nothing.

const SECONDS = 10;
/** Powers of the root of two, in ms. */
const BUCKETS = 64;

interface Destination {
  readonly key: string;
  /** First attempts, by second. */
  readonly requests: Uint32Array;
  readonly durations: Uint32Array;
  second: number;
  successes: number;
  totalTime: number;
}

interface RequestRecord {
  readonly destination: Destination;
  readonly startedAt: number;
  endedAt: number;
  status: number;
}

/** Keeps records of requests, and where they went. */
export class MinimalRecords {
  readonly #destinations = new Map<string, Destination>();
  readonly #records = new WeakMap<object, RequestRecord>();

  begin(url: string): RequestRecord {
    const { origin } = new URL(url);
    const startedAt = performance.now();
    let destination = this.#destinations.get(origin);
    if (destination === undefined) {
      destination = {
        key: origin,
        requests: new Uint32Array(SECONDS),
        durations: new Uint32Array(BUCKETS),
        second: 0,
        successes: 0,
        totalTime: 0,
      };
      this.#destinations.set(origin, destination);
    }
    const { requests } = destination;
    const second = Math.floor(startedAt / 1000);
    if (second !== destination.second) requests[second % SECONDS] = 0;
    destination.second = second;
    requests[second % SECONDS] = (requests[second % SECONDS] ?? 0) + 1;
    return { destination, startedAt, endedAt: 0, status: 0 };
  }

  succeeded(record: RequestRecord, response: { readonly status: number }): void {
    record.endedAt = performance.now();
    record.status = response.status;
    const { destination, endedAt, startedAt } = record;
    const time = endedAt - startedAt;
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.floor(32 + 2 * Math.log2(time))));
    destination.durations[bucket] = (destination.durations[bucket] ?? 0) + 1;
    destination.successes += 1;
    destination.totalTime += time;
    this.#records.set(response, record);
  }
}
