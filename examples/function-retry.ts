// Retries for a function of your own. Run it with `node examples/function-retry.ts`.
import { retry, RetryExhaustedError, withRetry } from '@tenax/core';

let calls = 0;
const flaky = async (name: string): Promise<string> => {
  calls += 1;
  if (calls % 3 !== 0) throw new Error('not yet');
  return `hello, ${name}`;
};

console.log(await retry(() => flaky('once')));

const greet = withRetry(flaky, { maxAttempts: 5, baseDelay: 10 });
console.log(await greet('wrapped'));

try {
  await retry(() => Promise.reject(new Error('never')), { maxAttempts: 2, baseDelay: 10 });
} catch (error) {
  if (error instanceof RetryExhaustedError) console.log(error.message, 'because of', error.cause);
}
