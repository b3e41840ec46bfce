/** The body of a request over the attempts of its operation. */

import type { FetchArguments } from './fetch-arguments.ts';

/** A body that is sent once or more. */
export interface RequestBody {
  /** Whether it can be sent once more. */
  readonly replayable: boolean;
  /** Whether it can be sent while another attempt sends it. */
  readonly concurrent: boolean;
  /** What its source has failed with. */
  readonly error?: unknown;
  /** The arguments of the next attempt. */
  next(): FetchArguments;
  /** A retry was decided: the attempt before reads no more of it. */
  retrying?(): void;
  /** The operation has ended. */
  release?(failure?: { readonly reason: unknown }): void;
}
