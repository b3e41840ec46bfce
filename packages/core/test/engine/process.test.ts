import { describe, expect, it } from 'vitest';

import { runNode } from '../node-program.ts';

describe('a process', () => {
  it('EDGE "its timer still holds the event loop": exits by itself once a pending wait is aborted', async () => {
    const end = await runNode(`
      const controller = new AbortController();
      const engine = core.createRetryEngine({ baseDelay: 3_600_000, maxDelay: 3_600_000, jitter: 'none', timeout: 86_400_000 });
      const promise = engine.execute(() => Promise.reject(new Error('again')), { signal: controller.signal });
      setTimeout(() => controller.abort('stop'), 20);
      console.log(await promise.catch((error) => error));
    `);
    expect(end).toEqual({ code: 0, output: 'stop', errors: '' });
  });

  it('exits by itself after a success within timeouts of an hour', async () => {
    const end = await runNode(`
      const engine = core.createRetryEngine({ attemptTimeout: 3_600_000, timeout: 3_600_000 });
      console.log(await engine.execute(({ signal }) => signal.aborted));
    `);
    expect(end).toEqual({ code: 0, output: 'false', errors: '' });
  });

  it('EDGE 9: waits longer than 2^31 - 1 ms and does not go on at once', async () => {
    const end = await runNode(`
      let calls = 0;
      const engine = core.createRetryEngine({ baseDelay: 2 ** 32, maxDelay: 2 ** 33, jitter: 'none' });
      const controller = new AbortController();
      const promise = engine.execute(() => { calls += 1; throw new Error('again'); }, { signal: controller.signal });
      setTimeout(() => controller.abort('stop'), 50);
      console.log(await promise.catch((error) => error), calls);
    `);
    expect(end).toEqual({ code: 0, output: 'stop 1', errors: '' });
  });

  it('EDGE "no unhandled rejection": survives attempts that fail after they were abandoned', async () => {
    const end = await runNode(`
      const engine = core.createRetryEngine({ attemptTimeout: 5, baseDelay: 0 });
      const late = () => new Promise((resolve, reject) => setTimeout(reject, 60, new Error('late')));
      const error = await engine.execute(late).catch((error) => error);
      await new Promise((resolve) => setTimeout(resolve, 150));
      console.log(error.code);
    `);
    expect(end).toEqual({ code: 0, output: 'TENAX_EXHAUSTED', errors: '' });
  });

  it('does not grow with the operations it has made', async () => {
    const end = await runNode(
      `
      const controller = new AbortController();
      const engine = core.createRetryEngine({ baseDelay: 0, timeout: 60_000, attemptTimeout: 30_000, budget: false });
      const operation = ({ number, signal }) => {
        if (number === 1) throw new Error(String(signal.aborted));
        return { number };
      };
      const heap = async (operations) => {
        for (let done = 0; done < operations; done += 100) {
          await Promise.all(Array.from({ length: 100 }, () => engine.execute(operation, { signal: controller.signal })));
        }
        for (let turn = 0; turn < 5; turn += 1) { gc(); await new Promise((resolve) => setTimeout(resolve, 5)); }
        return process.memoryUsage().heapUsed;
      };
      const before = await heap(2_000);
      const after = await heap(10_000);
      console.log(Math.round((after - before) / 1024));
    `,
      ['--expose-gc'],
    );
    expect(end).toMatchObject({ code: 0, errors: '' });
    // One kept object of 100 bytes for each operation would be 1,000 KiB.
    expect(Number(end.output)).toBeLessThan(700);
  });
});
