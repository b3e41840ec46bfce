// What has to hold for the built-in fetch of every Node with every undici.
import { bodyCases } from './global-body-cases.ts';
import { captureCases } from './global-capture-cases.ts';
import { clientCases } from './global-client-cases.ts';
import { installationCases } from './global-installation-cases.ts';
import { requestCases } from './global-request-cases.ts';
import type { Cases } from './global-retries.ts';

/** In the order in which they run. */
export const globalCases: Cases = {
  ...requestCases,
  ...bodyCases,
  ...clientCases,
  ...captureCases,
  ...installationCases,
};
