/** The copy of axios that a request came from: Node has one for `import` and one for `require`. */

import { builtinModule } from '@tenax/core';
import * as axios from 'axios';
import type { InternalAxiosRequestConfig } from 'axios';

/** What has to come from the same copy, for users compare the classes of errors. */
export type AxiosCopy = Pick<typeof axios, 'AxiosHeaders' | 'CanceledError' | 'getAdapter'>;

/** The parts of `node:module` that are used. */
interface Modules {
  createRequire(from: string): (name: string) => unknown;
}

let required: AxiosCopy | undefined;

/** The copy whose errors the caller expects; ours where it can't be found. */
export function axiosOf(config: InternalAxiosRequestConfig): AxiosCopy {
  const headers: object = config.headers;
  if (headers instanceof axios.AxiosHeaders) return axios;
  required ??= requireAxios() ?? axios;
  return headers instanceof required.AxiosHeaders ? required : axios;
}

/** That of CommonJS modules. Whoever sends such headers has loaded it. */
function requireAxios(): AxiosCopy | undefined {
  try {
    const modules = builtinModule<Modules>('node:module');
    const copy = modules?.createRequire?.(import.meta.url)('axios') as Partial<AxiosCopy> | undefined;
    return copy?.AxiosHeaders && copy.CanceledError && copy.getAdapter ? (copy as AxiosCopy) : undefined;
  } catch {
    // Such as in a bundle.
    return undefined;
  }
}
