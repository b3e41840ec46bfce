// Runs the demo as a user does: in a process of its own.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The program itself. */
export const DEMO = fileURLToPath(new URL('../demo/main.ts', import.meta.url));

/** How a run ended. */
export interface Ending {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function runDemo(args: readonly string[], environment: Record<string, string> = {}): Promise<Ending> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...environment };
    // A document of a thousand operations is larger than what is kept by default.
    execFile(process.execPath, [DEMO, ...args], { env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}
