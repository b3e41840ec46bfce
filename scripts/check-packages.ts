// Packs every public package as the registry would get it, and checks the tarballs: their manifest, their types, and
// that they import nothing that is not installed with them.
import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly packageManager?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, '..');
const tool: ExecFileSyncOptionsWithStringEncoding = {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'pipe'],
  env: {
    ...process.env,
    PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`,
  },
};
/** CommonJS may have types of its own, where a dependency has them; what is loaded is the ES module. */
const TYPES_CHECK = '--profile esm-only --ignore-rules false-cjs';
/** Projects that check declarations and have not the newest `lib`. */
const PROJECT = '--ignoreConfig --noEmit --strict --skipLibCheck false --target es2022 dist/index.d.ts';
/** The types of Node and no others. */
const NODE_PROJECT = [...PROJECT.split(' '), ...'--lib es2022 --module nodenext --types node'.split(' ')];
/** The types of browsers and no others. */
const BROWSER_PROJECT = [
  ...PROJECT.split(' '),
  ...'--lib es2022,dom --module esnext --moduleResolution bundler --types'.split(' '),
  '',
];
const folder = mkdtempSync(join(tmpdir(), 'tenax-packages-'));
const problems: string[] = [];

try {
  const { packageManager = 'pnpm' } = manifest(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const name of readdirSync(join(root, 'packages'))) {
    const home = join(root, 'packages', name);
    if (manifest(readFileSync(join(home, 'package.json'), 'utf8')).private) continue;
    check(name, pack(packageManager, home, join(folder, `${name}.tgz`)));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (problems.length > 0) {
  console.error(problems.join('\n\n'));
  process.exitCode = 1;
}

function pack(packageManager: string, home: string, tarball: string): string {
  execFileSync('npx', ['-y', packageManager, 'pack', '--out', tarball], {
    cwd: home,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return tarball;
}

function check(name: string, tarball: string): void {
  const packed = manifest(
    execFileSync('tar', ['-xzOf', tarball, 'package/package.json'], { encoding: 'utf8' }),
  );
  const files = execFileSync('tar', ['-tzf', tarball], { encoding: 'utf8' }).trim().split('\n');
  for (const [dependency, range] of Object.entries({ ...packed.dependencies, ...packed.peerDependencies })) {
    if (range.startsWith('workspace:')) problems.push(`${name}: ${dependency} is still "${range}"`);
  }
  for (const file of [
    'README.md',
    'LICENSE',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/index.js.map',
    'src/index.ts',
  ]) {
    if (!files.includes(`package/${file}`)) problems.push(`${name}: ${file} is not in the package`);
  }
  for (const file of files) {
    if (/tsbuildinfo|\/test\/|\/smoke\/|\.test\./u.test(file))
      problems.push(`${name}: ${file} does not belong in the package`);
  }
  const installed = new Set(Object.keys({ ...packed.dependencies, ...packed.peerDependencies }));
  for (const imported of importedPackages(tarball, files)) {
    if (!installed.has(imported))
      problems.push(`${name}: it imports ${imported}, which it does not depend on`);
  }
  findings(name, () => execFileSync('publint', [tarball, '--strict'], tool));
  findings(name, () => execFileSync('attw', [tarball, ...TYPES_CHECK.split(' ')], tool));
  const projects = packed.peerDependencies?.['undici'] ? [NODE_PROJECT] : [NODE_PROJECT, BROWSER_PROJECT];
  for (const project of projects) {
    findings(name, () => execFileSync('tsc', project, { ...tool, cwd: join(root, 'packages', name) }));
  }
}

/** The packages that bundles and declarations import. */
function importedPackages(tarball: string, files: readonly string[]): Set<string> {
  const built = files.filter((file) => /\/dist\/.*(?:\.js|\.d\.ts)$/u.test(file));
  const code = execFileSync('tar', ['-xzOf', tarball, ...built], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const imports = code.matchAll(
    /^(?:import |(?:import|export|\}).*\bfrom )["'](?!node:|[.])((?:@[^/"']+\/)?[^/"']+)/gmu,
  );
  return new Set(Array.from(imports, ([, imported = '']) => imported));
}

function findings(name: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    const { message, stdout, stderr } = error as Error & { stdout: string; stderr: string };
    problems.push(`${name}: ${message}\n${stdout}${stderr}`);
  }
}

function manifest(text: string): Manifest {
  return JSON.parse(text) as Manifest;
}
