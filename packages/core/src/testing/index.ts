/** `@tenax/core/testing`: time, randomness and operations under a test's control. */

export { scriptedOperation } from './scripted-operation.ts';
export type { ScriptedOperation } from './scripted-operation.ts';
export { seededRandom } from './seeded-random.ts';
export { virtualClock } from './virtual-clock.ts';
export type { VirtualClock } from './virtual-clock.ts';
