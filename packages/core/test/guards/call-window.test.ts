import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CountWindow, TimeWindow } from '../../src/guards/call-window.ts';

describe('the last so many calls', () => {
  it('are counted, failed and slow ones too', () => {
    const window = new CountWindow(4);
    expect(window.counts()).toEqual({ calls: 0, failures: 0, slowCalls: 0 });
    window.record(false, false);
    window.record(true, false);
    window.record(false, true);
    window.record(true, true);
    expect(window.counts()).toEqual({ calls: 4, failures: 2, slowCalls: 2 });
  });

  it('a window of one call knows the last one', () => {
    const window = new CountWindow(1);
    window.record(true, true);
    window.record(false, false);
    expect(window.counts()).toEqual({ calls: 1, failures: 0, slowCalls: 0 });
  });

  it('begin anew once they are cleared', () => {
    const window = new CountWindow(3);
    for (let call = 0; call < 5; call += 1) window.record(true, true);
    window.clear();
    expect(window.counts()).toEqual({ calls: 0, failures: 0, slowCalls: 0 });
    window.record(true, false);
    expect(window.counts()).toEqual({ calls: 1, failures: 1, slowCalls: 0 });
  });

  it('are what a list of all calls would say', () => {
    const calls = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), calls, (size, recorded) => {
        const window = new CountWindow(size);
        for (const [failed, slow] of recorded) window.record(failed, slow);
        const last = recorded.slice(-size);
        expect(window.counts()).toEqual({
          calls: last.length,
          failures: last.filter(([failed]) => failed).length,
          slowCalls: last.filter(([, slow]) => slow).length,
        });
      }),
    );
  });
});

describe('the calls of the last so many ms', () => {
  it('are counted, failed and slow ones too', () => {
    const window = new TimeWindow(1000);
    window.record(true, false, 0);
    window.record(false, true, 10);
    window.record(true, true, 20);
    expect(window.counts(20)).toEqual({ calls: 3, failures: 2, slowCalls: 2 });
  });

  it('are forgotten in time', () => {
    const window = new TimeWindow(1000);
    window.record(true, true, 0);
    window.record(true, false, 600);
    expect(window.counts(899)).toEqual({ calls: 2, failures: 2, slowCalls: 1 });
    expect(window.counts(1000)).toEqual({ calls: 1, failures: 1, slowCalls: 0 });
    expect(window.counts(1600)).toEqual({ calls: 0, failures: 0, slowCalls: 0 });
  });

  it('begin anew once they are cleared', () => {
    const window = new TimeWindow(1000);
    window.record(true, true, 0);
    window.clear();
    expect(window.counts(0)).toEqual({ calls: 0, failures: 0, slowCalls: 0 });
  });
});
