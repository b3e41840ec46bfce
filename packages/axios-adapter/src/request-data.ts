/** The body of an axios request over the attempts of its operation. */

import type { InternalAxiosRequestConfig } from 'axios';

/** A body that is sent once or more. */
export interface RequestData {
  readonly replayable: boolean;
  /** What its source has failed with. */
  readonly error?: unknown;
  /** What has to be known before the first attempt. */
  readonly ready?: Promise<unknown> | undefined;
  /** Puts the body of the next attempt into its config. */
  apply(config: InternalAxiosRequestConfig): void;
  /** The attempt before reads no more. */
  retrying?(): void;
  /** The operation has ended. */
  release?(failure?: { readonly reason: unknown }): void;
}
