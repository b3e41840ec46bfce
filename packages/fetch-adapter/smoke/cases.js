// What every smoke suite needs: it runs its cases one by one and gathers the results. It
// uses nothing but the platform's own globals.

/**
 * @typedef {object} Place where to send requests
 * @property {string} base the server of `server.ts`, without a slash at its end
 * @property {string} refused a URL at which nothing listens
 * @property {Readonly<Record<string, string>>} [skip] the cases this runtime can't run, each with its reason
 */
/**
 * @typedef {object} Result
 * @property {string} name
 * @property {'passed' | 'failed' | 'skipped'} outcome
 * @property {string} [detail] why it failed or was skipped
 */

/**
 * @param {Readonly<Record<string, (place: Place) => Promise<void>>>} cases
 * @param {Place} place
 * @returns {Promise<Result[]>}
 */
export async function runCases(cases, place) {
  /** @type {Result[]} */
  const results = [];
  for (const [name, run] of Object.entries(cases)) {
    const reason = place.skip?.[name];
    if (reason !== undefined) {
      results.push({ name, outcome: 'skipped', detail: reason });
      continue;
    }
    try {
      await within(run(place), 20_000);
      results.push({ name, outcome: 'passed' });
    } catch (error) {
      results.push({
        name,
        outcome: 'failed',
        detail: error instanceof Error ? describe(error) : String(error),
      });
    }
  }
  return results;
}

/** A name for one case's own counter at the server. */
export function id() {
  return crypto.randomUUID();
}

/**
 * How many requests the server has seen under an id.
 * @param {string} base
 * @param {string} key
 */
export async function sent(base, key) {
  const response = await fetch(`${base}/count?id=${key}`);
  return Number(await response.text());
}

/**
 * @param {Promise<unknown>} promise
 * @returns {Promise<object>}
 */
export async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    if (typeof error === 'object' && error !== null) return error;
    throw new Error(`rejected with ${String(error)}`, { cause: error });
  }
  throw new Error('did not reject');
}

/**
 * @param {unknown} actual
 * @param {unknown} expected
 */
export function equal(actual, expected) {
  if (Object.is(actual, expected)) return;
  if (actual instanceof Error) throw new Error(`got the error ${describe(actual)}`, { cause: actual });
  throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
}

/** @param {Error} error */
function describe(error) {
  return `${error.name}: ${error.message}${error.cause instanceof Error ? ` (${error.cause.message})` : ''}`;
}

/**
 * @param {Promise<void>} promise
 * @param {number} ms
 */
async function within(promise, ms) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${ms} ms`)), ms);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
