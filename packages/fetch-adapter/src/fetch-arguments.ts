/** What fetch is called with. */

/** What is handed to the platform's fetch for one attempt. */
export interface FetchArguments {
  readonly input: string | URL | Request;
  readonly init: RequestInit | undefined;
}

/** What members of ours are added to: with any member beside it, the platform forgets a Request's own referrer. */
export function initOf(
  input: string | URL | Request,
  init: RequestInit | undefined,
): RequestInit | undefined {
  if (!isRequest(input) || Object.values(init ?? {}).some((member) => member !== undefined)) return init;
  return { referrer: input.referrer, referrerPolicy: input.referrerPolicy };
}

/** Whether a fetch input is a Request, of this realm or another package. */
export function isRequest(input: unknown): input is Request {
  return (
    typeof input === 'object' && input !== null && 'method' in input && 'clone' in input && 'url' in input
  );
}
