/** Options from a file. Apart from the schema, so that its declaration needs no package. */

import type { RetryOptions } from '../options.ts';
import { resolveOptions } from '../policy.ts';
import { checkJsonOptions } from './schema.ts';

/**
 * Checks options that come from JSON: a file, a setting of a service. A `$schema` beside them, which tells an editor of
 * `retry-options.schema.json`, is left out.
 *
 * @throws RetryConfigError that names the first option that is wrong, functions and `Infinity` included, or a pair that
 * can't hold together. They are taken for those of an engine: the defaults stand for what is not given.
 *
 * @example
 * const engine = createRetryEngine(parseRetryOptions(JSON.parse(text)));
 */
export function parseRetryOptions(json: unknown): RetryOptions {
  const options = checkJsonOptions(withoutSchema(json));
  resolveOptions(options);
  return options as RetryOptions;
}

function withoutSchema(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  const { $schema, ...options } = json as { readonly $schema?: unknown };
  return typeof $schema === 'string' ? options : json;
}
