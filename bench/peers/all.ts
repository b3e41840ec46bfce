// The peers by name. Each is loaded where it is measured, and only there.
import type { Peer, RetrySettings, Run } from './peer.ts';

export const peers = {
  'minimal loop': async () => (await import('./minimal-loop.ts')).minimalLoop,
  Tenax: async () => (await import('./tenax.ts')).tenax,
  'p-retry': async () => (await import('./p-retry.ts')).pRetry,
  cockatiel: async () => (await import('./cockatiel.ts')).cockatiel,
  '@smithy/util-retry': async () => (await import('./smithy.ts')).smithy,
  opossum: async () => (await import('./opossum.ts')).opossum,
  'async-retry': async () => (await import('./async-retry.ts')).asyncRetry,
  'exponential-backoff': async () => (await import('./exponential-backoff.ts')).exponentialBackoff,
  effect: async () => (await import('./effect.ts')).effect,
} as const satisfies Record<string, () => Promise<Peer>>;

export type PeerName = keyof typeof peers;

/** Those whose retries take an AbortSignal. */
export const ON_SIGNALS: readonly PeerName[] = ['Tenax', 'minimal loop', 'cockatiel', 'p-retry', 'effect'];

/** Those that retry any number of operations at once. */
export const RETRYING: readonly PeerName[] = [
  'Tenax',
  'minimal loop',
  'cockatiel',
  'p-retry',
  'async-retry',
  'exponential-backoff',
  'effect',
];

/** The retries of a peer, three attempts in all. */
export async function retryingRun(name: PeerName, { wait }: Pick<RetrySettings, 'wait'>): Promise<Run> {
  const peer: Peer = await peers[name]();
  if (peer.retrying === undefined) throw new Error(`${name} does not retry`);
  return peer.retrying({ maxAttempts: 3, wait });
}
