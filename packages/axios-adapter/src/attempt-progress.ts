/** The caller's progress listeners, for one attempt at a time. */

import type { AxiosProgressEvent, InternalAxiosRequestConfig } from 'axios';

type Listener = (event: AxiosProgressEvent) => void;

/** axios tells progress late: what an attempt still has to say after it has failed would mix with the next one's. */
export class AttemptProgress {
  readonly #config: InternalAxiosRequestConfig;
  #attempt = 0;
  /** That of the last attempt. */
  #sent: InternalAxiosRequestConfig | undefined;

  constructor(config: InternalAxiosRequestConfig) {
    this.#config = config;
  }

  /**
   * Puts listeners into the next attempt's config that are heard until `end`.
   *
   * @param offset the bytes that were downloaded before, where it asks for the rest
   */
  begin(config: InternalAxiosRequestConfig, offset: number = 0): void {
    this.end();
    this.#sent = config;
    const attempt = this.#attempt;
    const { onDownloadProgress, onUploadProgress } = this.#config;
    const gated = (listener: Listener): Listener => {
      return (event) => {
        if (attempt === this.#attempt) listener(offset > 0 ? ofWhole(event, offset) : event);
      };
    };
    if (onDownloadProgress) config.onDownloadProgress = gated(onDownloadProgress);
    if (onUploadProgress) config.onUploadProgress = gated(onUploadProgress);
  }

  /** The operation has ended. The caller finds the config in its result, and may send it again. */
  release(): void {
    const { onDownloadProgress, onUploadProgress } = this.#config;
    if (!this.#sent) return;
    if (onDownloadProgress) this.#sent.onDownloadProgress = onDownloadProgress;
    if (onUploadProgress) this.#sent.onUploadProgress = onUploadProgress;
  }

  /** The attempt has failed. */
  end(): void {
    this.#attempt += 1;
  }
}

/** The progress of a whole, where the event tells of its rest. */
function ofWhole(event: AxiosProgressEvent, offset: number): AxiosProgressEvent {
  const loaded = offset + event.loaded;
  if (event.total === undefined) return { ...event, loaded };
  const total = offset + event.total;
  return { ...event, loaded, total, progress: loaded / total };
}
