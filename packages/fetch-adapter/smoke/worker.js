// Runs the suite in workerd: a request to `/?base=…&refused=…` is answered with the results.
import { runSuite } from './suite.js';

export default {
  /** @param {Request} request */
  async fetch(request) {
    const { searchParams } = new URL(request.url);
    const base = searchParams.get('base') ?? '';
    const refused = searchParams.get('refused') ?? '';
    return Response.json(await runSuite({ base, refused }));
  },
};
