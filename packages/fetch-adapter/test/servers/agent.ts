import { Agent } from 'undici';

/** An agent of one test's own, with no connections from others. */
export function ownAgent(options?: Agent.Options): { readonly dispatcher: Agent } & AsyncDisposable {
  const dispatcher = new Agent(options);
  return { dispatcher, [Symbol.asyncDispose]: () => dispatcher.destroy() };
}
