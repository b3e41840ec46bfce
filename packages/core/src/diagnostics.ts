/**
 * Node's diagnostics channels, where the runtime has them: tools hear of every operation without a hook in anybody's
 * options. Nothing is built while nobody listens.
 */

import { builtinModule } from './builtin-module.ts';
import type { Operation } from './operation.ts';
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

interface Channels {
  readonly operation: TracingChannel;
  readonly attempt: Channel;
  readonly retry: Channel;
  readonly circuit: Channel;
}

function openChannels(): Channels | undefined {
  const { channel, tracingChannel } =
    builtinModule<DiagnosticsChannelModule>('node:diagnostics_channel') ?? {};
  if (channel === undefined || tracingChannel === undefined) return undefined;
  return {
    operation: tracingChannel('tenax:operation'),
    attempt: channel('tenax:attempt'),
    retry: channel('tenax:retry'),
    circuit: channel('tenax:circuit'),
  };
}

const channels = openChannels();

/** Whether anybody listens to a channel. */
export function isHeard(name: 'attempt' | 'retry' | 'circuit'): boolean {
  return channels !== undefined && channels[name].hasSubscribers;
}

/** Tells those who listen to a channel. */
export function tell(name: 'attempt' | 'retry' | 'circuit', event: object): void {
  channels?.[name].publish(event);
}

/** Whether anybody traces operations. */
export function isTraced(): boolean {
  if (channels === undefined) return false;
  const { asyncEnd, asyncStart, end, error, start } = channels.operation;
  return (
    start.hasSubscribers ||
    end.hasSubscribers ||
    asyncStart.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers
  );
}

/** An operation that may be traced. */
interface Traceable {
  trace: OperationTrace | undefined;
  readonly operation: Operation;
}

/** Begins the trace of an operation. What `run` does, and what follows from it, is within the stores of the channel. */
export function traceOperation<T>(traceable: Traceable, run: () => T): T {
  const { operation: channel } = channels as Channels;
  const { id, key, request } = traceable.operation;
  const trace: OperationTrace = { id, key, method: request.method };
  traceable.trace = trace;
  return channel.start.runStores(trace, () => {
    try {
      return run();
    } catch (error) {
      // It was never begun, so nobody has ended it.
      if (trace.statistics === undefined) channel.error.publish(Object.assign(trace, { error }));
      throw error;
    } finally {
      channel.end.publish(trace);
    }
  });
}

/** Ends the trace of an operation. */
export function endTrace(
  trace: OperationTrace,
  statistics: RequestStatistics,
  end: { readonly result: unknown } | { readonly error: unknown },
): void {
  const { operation: channel } = channels as Channels;
  Object.assign(trace, { statistics }, end);
  if ('error' in end) channel.error.publish(trace);
  channel.asyncStart.publish(trace);
  channel.asyncEnd.publish(trace);
}
