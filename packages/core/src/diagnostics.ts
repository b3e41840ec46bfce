/**
 * Node's diagnostics channels, where the runtime has them: tools hear of every operation without a hook in anybody's
 * options. Nothing is built while nobody listens.
 */

import { builtinModule } from './builtin-module.ts';
import type { Instrumentation } from './instrumentation.ts';
import type { RequestStatistics } from './record.ts';

/** What is asked of Node's module. */
interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

interface TracingChannel {
  readonly start: Channel & { runStores<T>(context: object, run: () => T): T };
  readonly end: Channel;
  readonly asyncStart: Channel;
  readonly asyncEnd: Channel;
  readonly error: Channel;
}

interface DiagnosticsChannelModule {
  readonly channel: (name: string) => Channel;
  readonly tracingChannel: (name: string) => TracingChannel;
}

/** What `tenax:operation` tells of an operation: the same object at each of its events. */
export interface OperationTrace {
  readonly id: string;
  /** The destination: the URL's origin unless `key` says otherwise. */
  readonly key: string;
  /** Upper case; absent for an operation that is not one HTTP request. */
  readonly method: string | undefined;
  /** Set when the operation has ended. */
  statistics?: RequestStatistics;
  /** What the caller gets, from `asyncStart` on. */
  result?: unknown;
  /** What the caller gets thrown, from `error` on. */
  error?: unknown;
}

/** The channels of single events. */
export type ChannelName = 'attempt' | 'retry' | 'circuit';

interface Channels {
  readonly operation: TracingChannel;
  readonly attempt: Channel;
  readonly retry: Channel;
  readonly circuit: Channel;
}

function openChannels(): Partial<Channels> {
  const { channel, tracingChannel } =
    builtinModule<DiagnosticsChannelModule>('node:diagnostics_channel') ?? {};
  if (channel === undefined || tracingChannel === undefined) return {};
  return {
    operation: tracingChannel('tenax:operation'),
    attempt: channel('tenax:attempt'),
    retry: channel('tenax:retry'),
    circuit: channel('tenax:circuit'),
  };
}

const channels = /* @__PURE__ */ openChannels();

/** Whether anybody listens to a channel. */
export function isHeard(name: ChannelName): boolean {
  return channels[name]?.hasSubscribers === true;
}

/** Tells those who listen to a channel, if any do. */
export function tell(name: ChannelName, event: object): void {
  channels[name]?.publish(event);
}

/** `tenax:operation`: what an operation does, and what follows from it, is within the stores of the channel. */
export const operationChannel: Instrumentation & { isHeard(): boolean } = {
  isHeard() {
    const { operation } = channels;
    if (operation === undefined) return false;
    const { asyncEnd, asyncStart, end, error, start } = operation;
    return (
      start.hasSubscribers ||
      end.hasSubscribers ||
      asyncStart.hasSubscribers ||
      asyncEnd.hasSubscribers ||
      error.hasSubscribers
    );
  },
  operationStarted({ id, key, method }) {
    const { asyncEnd, asyncStart, end, error, start } = channels.operation as TracingChannel;
    const trace: OperationTrace = { id, key, method };
    return {
      run: (begin) =>
        start.runStores(trace, () => {
          try {
            return begin();
          } finally {
            end.publish(trace);
          }
        }),
      ended(how) {
        Object.assign(trace, how);
        if ('error' in how) error.publish(trace);
        // What could not begin has ended where it began.
        if (how.statistics === undefined) return;
        asyncStart.publish(trace);
        asyncEnd.publish(trace);
      },
    };
  },
};
