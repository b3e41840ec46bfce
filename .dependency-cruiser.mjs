// Who may import whom. Inside core a file stands above what it imports; an adapter knows core and its own client.

/** The floors of `packages/core/src`, lowest first. A new file needs a place here. */
const floors = Object.entries({
  words: [
    'async-context.ts',
    'builtin-module.ts',
    'outcome.ts',
    'errors.ts',
    'clock.ts',
    'events.ts',
    'instrumentation.ts',
    'record.ts',
    'request.ts',
    'signals.ts',
    'warnings.ts',
  ],
  policy: ['options.ts', 'options/', 'policy.ts', 'backoff/', 'http/', 'guards/', 'statistics/'],
  decision: ['operation.ts', 'decision.ts', 'attempt-entry.ts'],
  driver: [
    'engine.ts',
    'engine-state.ts',
    'admission.ts',
    'execution.ts',
    'operation-guards.ts',
    'event-execution.ts',
    'first-attempt.ts',
    'first-bounds.ts',
    'event-first-attempt.ts',
    'event-operation.ts',
    'promised-first-attempt.ts',
    'promised-exchange.ts',
    'attempt.ts',
    'attached-statistics.ts',
    'live-statistics.ts',
    'deadlines.ts',
    'diagnostics.ts',
    'discard.ts',
    'download.ts',
    'range-exchange.ts',
    'end-error.ts',
    'end-report.ts',
    'hooks.ts',
    'interruption.ts',
    'observation.ts',
    'should-retry.ts',
    'waiting.ts',
    'within-request.ts',
    'exchange.ts',
    'function-exchange.ts',
    'replayable-stream.ts',
    'hedge.ts',
    'hedged-execution.ts',
    'listening-execution.ts',
    'retry.ts',
  ],
  surface: ['index.ts', 'testing/'],
}).map(([name, entries]) => ({ name, path: entries.map(pattern) }));

/** @type {'error'} */
const severity = 'error';

const core = '^packages/core/src/';
const everyFloor = floors.flatMap((floor) => floor.path);
const noFloor = { path: core, pathNot: everyFloor };
const noFloorComment = 'every file of core has a floor: give it one in .dependency-cruiser.mjs';

/** What each adapter may import besides its own files and `@tenax/core`. */
const clients = {
  'fetch-adapter': [],
  'axios-adapter': ['(^|/)node_modules/axios/'],
  // undici runs on Node alone.
  'undici-dispatcher': [
    '(^|/)node_modules/undici/',
    '^(async_hooks|events|http|process|stream|stream/web|util)$',
  ],
  opentelemetry: ['(^|/)node_modules/@opentelemetry/api/'],
};

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...floors.slice(0, -1).map(({ name, path }, index) => ({
      name: `core-${name}-imports-upwards`,
      comment: `a file of the floor "${name}" imports from a higher floor`,
      severity,
      from: { path },
      to: { path: floors.slice(index + 1).flatMap((floor) => floor.path) },
    })),
    { name: 'core-no-floor', comment: noFloorComment, severity, from: noFloor, to: {} },
    { name: 'core-no-floor-imported', comment: noFloorComment, severity, from: {}, to: noFloor },
    {
      name: 'core-no-floor-alone',
      comment: noFloorComment,
      severity,
      from: { ...noFloor, orphan: true },
      to: {},
    },
    {
      name: 'core-imports-zod-only',
      comment: 'core runs in every runtime and imports zod alone, which becomes a part of its bundle',
      severity,
      from: { path: core },
      to: { pathNot: [core, '(^|/)node_modules/zod/'] },
    },
    {
      name: 'core-testing-copies-state',
      comment:
        'the bundle of testing has its own copy of what it imports, which must hold no state and no error class',
      severity,
      from: { path: `${core}testing/` },
      to: {
        path: core,
        pathNot: [`${core}testing/`, ...['builtin-module.ts', 'clock.ts'].map(pattern)],
        dependencyTypesNot: ['type-only'],
      },
    },
    ...Object.entries(clients).map(([adapter, own]) => ({
      name: `${adapter}-imports`,
      comment:
        'an adapter imports @tenax/core and its own client, never another adapter and never core by path',
      severity,
      from: { path: `^packages/${adapter}/src/` },
      to: { pathNot: [`^packages/${adapter}/src/`, '^packages/core/dist/', ...own] },
    })),
    {
      name: 'no-circle',
      comment: 'no circular imports, types included',
      severity,
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-found',
      comment: 'an import that leads nowhere',
      severity,
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['(^|/)node_modules/', '(^|/)dist/'] },
    // Type-only imports count.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default'] },
  },
};

/**
 * @param {string} entry a file, or a folder with a slash at its end
 */
function pattern(entry) {
  return `^packages/core/src/${entry.replaceAll('.', '[.]')}${entry.endsWith('/') ? '' : '$'}`;
}
