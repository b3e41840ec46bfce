import { describe, expect, it } from 'vitest';

import { createRetryEngine } from '../../src/engine.ts';
import { Destinations } from '../../src/guards/destinations.ts';
import { resolvePolicy } from '../../src/policy.ts';
import { runNode } from '../node-program.ts';
import { deferred } from '../virtual-engine.ts';

const make = (limit: number): Destinations => {
  const policy = resolvePolicy({});
  const { clock, random } = policy;
  const surroundings = { clock, random, circuitChanged: () => undefined };
  return new Destinations(limit, policy, surroundings, () => undefined);
};
const keys = (destinations: Destinations): string => {
  return [...destinations].map(({ key }) => key).join(' ');
};
/** Operations that begin and end at once. */
const visit = (destinations: Destinations, path: string): void => {
  for (const key of path.split(' ')) destinations.release(destinations.use(key));
};

describe('the destinations', () => {
  it.each([
    ['a b c', 'a b c'],
    ['a b c d', 'b c d'],
    ['a b c a d', 'c a d'],
    ['a a a b c d e', 'c d e'],
    ['a b a c a d', 'c a d'],
    ['a b c d a', 'c d a'],
  ])('are the most recently used ones, here three of %s', (path, kept) => {
    const destinations = make(3);
    visit(destinations, path);
    expect(keys(destinations)).toBe(kept);
  });

  it('keep their state as long as they are kept', () => {
    const destinations = make(2);
    visit(destinations, 'a');
    const first = destinations.peek('a');
    visit(destinations, 'b a');
    expect(destinations.peek('a')).toBe(first);
    visit(destinations, 'b c');
    expect(destinations.peek('a')).toBeUndefined();
    visit(destinations, 'a');
    expect(destinations.peek('a')).not.toBe(first);
  });

  it('are not used by being looked at', () => {
    const destinations = make(2);
    visit(destinations, 'a b');
    destinations.peek('a');
    destinations.snapshot();
    visit(destinations, 'c');
    expect(keys(destinations)).toBe('b c');
    expect(destinations.peek('never seen')).toBeUndefined();
    expect(keys(destinations)).toBe('b c');
  });

  it('stay the most recently used ones, where others are only asked for', () => {
    const destinations = make(2);
    visit(destinations, 'a');
    destinations.of('b');
    visit(destinations, 'a');
    destinations.of('c');
    expect(keys(destinations)).toBe('a c');
  });

  it('are made where somebody asks for one, within the limit', () => {
    const destinations = make(2);
    const made = destinations.of('a');
    expect(destinations.of('a')).toBe(made);
    for (const key of ['b', 'c', 'd']) destinations.of(key);
    expect(keys(destinations)).toBe('c d');
  });
});

describe('a destination in use', () => {
  it('stays, even beyond the limit, and the limit holds again when it ends', () => {
    const destinations = make(3);
    const used = ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => destinations.use(key));
    expect([...destinations]).toHaveLength(6);
    for (const destination of used) expect(destinations.peek(destination.key)).toBe(destination);
    for (const destination of used) destinations.release(destination);
    expect([...destinations]).toHaveLength(3);
    visit(destinations, 'x y z');
    expect(keys(destinations)).toBe('x y z');
  });

  it('stays until the last of its operations has ended', () => {
    const destinations = make(1);
    const first = destinations.use('a');
    const second = destinations.use('a');
    destinations.release(first);
    visit(destinations, 'b');
    expect(destinations.peek('a')).toBe(second);
    destinations.release(second);
    visit(destinations, 'b');
    expect(keys(destinations)).toBe('b');
  });

  it('lets those go that are not', () => {
    const destinations = make(3);
    destinations.use('a');
    visit(destinations, 'b c d e f');
    expect(keys(destinations).split(' ').toSorted()).toEqual(['a', 'e', 'f']);
  });

  it('does not push a newer one out before older ones that nobody uses', () => {
    const destinations = make(6);
    for (const key of ['a', 'b', 'c', 'd']) destinations.use(key);
    visit(destinations, 'old1 old2 new');
    expect(destinations.peek('new')).toBeDefined();
    expect(destinations.peek('old1')).toBeUndefined();
  });
});

describe('an engine', () => {
  it.each([
    [undefined, 1000],
    [7, 7],
  ])('with maxKeys %s keeps %i of them', async (maxKeys, limit) => {
    const engine = createRetryEngine({ maxKeys });
    for (let number = 0; number <= limit; number += 1) await engine.execute(() => 1, { key: `k${number}` });
    const kept = engine.guards.snapshot().map(({ key }) => key);
    expect([kept.length, kept[0], kept.at(-1)]).toEqual([limit, 'k1', `k${limit}`]);
  });

  it('keeps those of operations under way, and is back within its limit after them', async () => {
    const engine = createRetryEngine({ maxKeys: 3 });
    const gate = deferred<number>();
    const running = Array.from({ length: 10 }, (_, number) =>
      engine.execute(() => gate.promise, { key: `k${number}` }),
    );
    expect(engine.guards.snapshot()).toHaveLength(10);
    gate.resolve(1);
    await Promise.all(running);
    expect(engine.guards.snapshot()).toHaveLength(3);
  });

  it('keeps a circuit that was opened by hand, whatever other keys come', async () => {
    const engine = createRetryEngine({ maxKeys: 3, circuitBreaker: {} });
    engine.guards.circuitBreaker('broken')?.open();
    for (let number = 0; number < 5; number += 1) await engine.execute(() => 1, { key: `k${number}` });
    expect(engine.circuit('broken')).toBe('open');
  });

  it('does not grow with the keys that it has seen: a million of them', async () => {
    const end = await runNode(
      `
      const engine = core.createRetryEngine();
      let number = 0;
      const heap = async (operations) => {
        for (const until = number + operations; number < until; ) {
          const batch = [];
          for (let i = 0; i < 500; i += 1) batch.push(engine.execute(() => 1, { key: 'k' + number++ }));
          await Promise.all(batch);
        }
        for (let turn = 0; turn < 5; turn += 1) { gc(); await new Promise((resolve) => setTimeout(resolve, 5)); }
        return process.memoryUsage().heapUsed;
      };
      const before = await heap(20_000);
      const after = await heap(980_000);
      console.log(number, engine.guards.snapshot().length, Math.round((after - before) / 1024));
    `,
      ['--expose-gc'],
    );
    expect(end).toMatchObject({ code: 0, errors: '' });
    const [seen, kept, growth] = end.output.split(' ').map(Number);
    expect([seen, kept]).toEqual([1_000_000, 1000]);
    // One byte for each key would be 957 KiB.
    expect(growth).toBeLessThan(700);
  }, 35_000);
});
