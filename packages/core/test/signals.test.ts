import { getEventListeners } from 'node:events';

import { describe, expect, it, vi } from 'vitest';

import { linkWhileAlive, subscribe, unsubscribe } from '../src/signals.ts';
import { collectGarbage } from './garbage.ts';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('a signal that many wait for', () => {
  it('EDGE "share one listener per signal": carries one listener, and none when all have left', () => {
    const { signal } = new AbortController();
    const subscribers = Array.from({ length: 100 }, () => ({
      signalAborted: vi.fn<(reason: unknown) => void>(),
    }));
    for (const subscriber of subscribers) subscribe(signal, subscriber);
    expect(listeners(signal)).toBe(1);
    for (const subscriber of subscribers.slice(1)) unsubscribe(signal, subscriber);
    expect(listeners(signal)).toBe(1);
    unsubscribe(signal, subscribers[0]!);
    expect(listeners(signal)).toBe(0);
  });

  it('tells each of them once, in the order they came, with the very reason', () => {
    const controller = new AbortController();
    const told: [number, unknown][] = [];
    for (const number of [1, 2, 3]) {
      subscribe(controller.signal, { signalAborted: (reason) => told.push([number, reason]) });
    }
    const reason = { because: 'of it' };
    controller.abort(reason);
    controller.abort('again');
    expect(told).toEqual([
      [1, reason],
      [2, reason],
      [3, reason],
    ]);
    expect(told[0]?.[1]).toBe(reason);
    expect(listeners(controller.signal)).toBe(0);
  });

  it('does not tell who has left', () => {
    const controller = new AbortController();
    const [stays, leaves] = [
      { signalAborted: vi.fn<(reason: unknown) => void>() },
      { signalAborted: vi.fn<(reason: unknown) => void>() },
    ];
    subscribe(controller.signal, stays);
    subscribe(controller.signal, leaves);
    unsubscribe(controller.signal, leaves);
    controller.abort();
    expect(stays.signalAborted).toHaveBeenCalledOnce();
    expect(leaves.signalAborted).not.toHaveBeenCalled();
  });

  it('can be left twice, and without ever having been joined', () => {
    const { signal } = new AbortController();
    const [subscriber, stranger] = [
      { signalAborted: vi.fn<(reason: unknown) => void>() },
      { signalAborted: vi.fn<(reason: unknown) => void>() },
    ];
    subscribe(signal, subscriber);
    unsubscribe(signal, stranger);
    expect(listeners(signal)).toBe(1);
    unsubscribe(signal, subscriber);
    unsubscribe(signal, subscriber);
    expect(listeners(signal)).toBe(0);
  });

  it('can be joined again after all had left', () => {
    const controller = new AbortController();
    const subscriber = { signalAborted: vi.fn<(reason: unknown) => void>() };
    subscribe(controller.signal, subscriber);
    unsubscribe(controller.signal, subscriber);
    subscribe(controller.signal, subscriber);
    controller.abort();
    expect(subscriber.signalAborted).toHaveBeenCalledOnce();
  });

  it('lets a subscriber leave for another while it is being told', () => {
    const controller = new AbortController();
    const second = { signalAborted: vi.fn<(reason: unknown) => void>() };
    subscribe(controller.signal, {
      signalAborted: () => {
        unsubscribe(controller.signal, second);
      },
    });
    subscribe(controller.signal, second);
    expect(() => {
      controller.abort();
    }).not.toThrow();
    expect(listeners(controller.signal)).toBe(0);
  });
});

describe('a link that lives as long as its owner', () => {
  it('aborts the controller with the very reason', () => {
    const [source, target] = [new AbortController(), new AbortController()];
    const owner = {};
    linkWhileAlive(source.signal, target, owner);
    source.abort('stop');
    expect(target.signal.reason).toBe('stop');
    expect(owner).toEqual({});
  });

  it('EDGE "AbortSignal.any on a long-lived signal leaks": leaves the signal when its owner is garbage', async () => {
    const source = new AbortController();
    for (let number = 0; number < 100; number += 1) linkWhileAlive(source.signal, new AbortController(), {});
    expect(listeners(source.signal)).toBe(1);
    await collectGarbage(() => listeners(source.signal) === 0);
    expect(listeners(source.signal)).toBe(0);
  });

  it('shares the one listener with the operations of the signal', () => {
    const source = new AbortController();
    const owner = {};
    linkWhileAlive(source.signal, new AbortController(), owner);
    subscribe(source.signal, { signalAborted: vi.fn<(reason: unknown) => void>() });
    expect(listeners(source.signal)).toBe(1);
    expect(owner).toEqual({});
  });
});
