import { spawn } from 'node:child_process';

const core = new URL('../src/index.ts', import.meta.url).href;
const PATIENCE = 30_000;

export interface ProgramEnd {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs an ES module in a Node of its own, with everything of core's index as `core`, until it exits by itself. */
export function runNode(program: string, flags: readonly string[] = []): Promise<ProgramEnd> {
  const source = `import * as core from ${JSON.stringify(core)};\n${program}`;
  const child = spawn(process.execPath, [...flags, '--input-type=module', '--eval', source], {
    timeout: PATIENCE,
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      resolve({ code, output: output.trim(), errors });
    });
  });
}
