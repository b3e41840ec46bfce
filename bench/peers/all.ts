// The peers by name. Each is loaded where it is measured, and only there.
import type { Peer } from './peer.ts';

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
