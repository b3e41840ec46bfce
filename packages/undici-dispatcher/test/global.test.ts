// The built-in fetch of every Node with the undici of this project: the cases run in processes of their own, on the
// build of the package.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';

import * as undici from 'undici';
import { beforeAll, describe, expect, it } from 'vitest';

import { flakyServer, unavailable } from '../../fetch-adapter/test/servers/flaky-server.ts';
import { globalCases } from './servers/global-cases.ts';

const servers = join(import.meta.dirname, 'servers');
const smoke = join(import.meta.dirname, '..', '..', 'fetch-adapter', 'smoke', 'node_modules');
const nodes = [
  ['22', join(smoke, 'node-22', 'bin', 'node')],
  ['24', process.execPath],
  ['26', join(smoke, 'node-26', 'bin', 'node')],
] as const;

/** Only undici 8 exports the wrapper, and 7.0.0 does not decompress. */
const { Dispatcher1Wrapper, interceptors } = undici as Partial<typeof undici>;
const oldest = interceptors && 'decompress' in interceptors ? 'undici-7' : 'undici-oldest';
const folder = Dispatcher1Wrapper ? 'undici' : oldest;

interface Ending {
  readonly code: number;
  readonly results: Record<string, unknown>;
  readonly stderr: string;
}

/** A proxy that opens no tunnel, and counts who asks. */
async function countingProxy(): Promise<AsyncDisposable & { readonly url: string; readonly asked: number }> {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.writeHead(502).end();
  });
  server.on('connect', (_, socket: Socket) => {
    asked += 1;
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get asked() {
      return asked;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function run(
  node: string,
  program: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ending> {
  // Node 22 says that it strips types.
  const flags = ['--disable-warning=ExperimentalWarning', `--import=${join(servers, 'undici-redirect.ts')}`];
  const env = {
    ...process.env,
    ...environment,
    NODE_OPTIONS: '',
    UNDICI_FOLDER: join(import.meta.dirname, '..', 'node_modules', folder),
  };
  return new Promise((resolve, reject) => {
    const command = [...flags, join(servers, program), ...args];
    execFile(node, command, { env, timeout: 60_000 }, (error, stdout, stderr) => {
      if (stdout === '') reject(new Error(stderr, { cause: error }));
      else resolve({ code: Number(error?.code ?? 0), results: JSON.parse(stdout), stderr });
    });
  });
}

describe.each(nodes)('installGlobalRetry and the built-in fetch of Node %s', (_version, node) => {
  let ending: Ending;
  beforeAll(async () => {
    ending = await run(node, 'global-program.ts');
  }, 60_000);

  it.each(Object.keys(globalCases))('%s', (name) => {
    expect(ending.results[name]).toBe('holds');
  });

  it('leaves no timer and no socket behind, and warns of nothing', () => {
    expect(ending.stderr).toBe('');
    expect(ending.code).toBe(0);
  });

  it.each(['before', 'after'])(
    'serves fetch when it is installed %s its first request',
    async (order) => {
      await using server = await flakyServer(unavailable);
      const { results } = await run(node, 'global-first-program.ts', [server.url, order]);
      expect(results).toEqual({ status: 503, installed: 3, restored: 0 });
      expect(server.requests).toHaveLength(order === 'before' ? 4 : 5);
    },
    60_000,
  );

  it('goes through the proxy of the environment where fetch does so without retries', async () => {
    const asked = async (mode: string): Promise<number> => {
      await using proxy = await countingProxy();
      await run(node, 'global-proxy-program.ts', [mode], {
        NODE_USE_ENV_PROXY: '1',
        HTTP_PROXY: proxy.url,
        http_proxy: proxy.url,
      });
      return proxy.asked;
    };
    // The import of undici 8 makes an agent of its own the global one, in place of Node 22's.
    expect(await asked('retries')).toBe(await asked('bare'));
  }, 60_000);
});
