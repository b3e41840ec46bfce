// Writes packages/core/retry-options.schema.json from the schema of the options. With --check it writes nothing, and
// fails when the file is not current.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { toJSONSchema } from 'zod/mini';
import type { core } from 'zod/mini';
import { wordsOf } from '../packages/core/src/options/objects-schema.ts';
import { jsonOptionsSchema } from '../packages/core/src/options/schema.ts';
import { resolvePolicy } from '../packages/core/src/policy.ts';

interface Schema {
  properties?: Record<string, Schema>;
  anyOf?: Schema[];
  type?: string;
  const?: unknown;
  description?: string;
  default?: unknown;
}

const file = join(import.meta.dirname, '..', 'packages', 'core', 'retry-options.schema.json');

const defaults: Readonly<Record<string, unknown>> = {
  ...resolvePolicy({}),
  // What is given is merged over the built-in table.
  errorCodes: {},
  // True for an engine, false for the adapters.
  throwOnExhausted: undefined,
};

const text = `${JSON.stringify(generate(), undefined, 2)}\n`;
if (!process.argv.includes('--check')) {
  writeFileSync(file, text);
} else if (read() !== text) {
  console.error(
    'packages/core/retry-options.schema.json is not current: run node scripts/generate-schema.ts',
  );
  process.exitCode = 1;
}

function generate(): object {
  const { $schema, ...schema } = toJSONSchema(jsonOptionsSchema(), {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema, zodSchema }) => {
      const { _zod: internals } = zodSchema;
      // Texts and whole numbers are checked by functions, of which zod knows nothing.
      if (internals.def.type === 'custom') {
        const { pattern } = internals.def.params as { readonly pattern: RegExp };
        Object.assign(jsonSchema, { type: 'string', pattern: pattern.source });
      }
      if (internals.def.checks?.some(isForWholeNumbers)) {
        jsonSchema.type = 'integer';
        jsonSchema.maximum ??= Number.MAX_SAFE_INTEGER;
      }
      // A literal of both.
      if (jsonSchema.type === 'boolean') delete jsonSchema.enum;
      const words = wordsOf(zodSchema);
      if (words) jsonSchema.description = words;
    },
  });
  addDefaults(schema as Schema, '', defaults);
  // With no other property allowed, an editor would mark the very line that names this file.
  (schema as Schema).properties = {
    $schema: { type: 'string', description: 'where this schema is' },
    ...(schema as Schema).properties,
  };
  const title = 'Retry options of Tenax';
  return { $schema, title, description: 'What parseRetryOptions takes. All durations are ms.', ...schema };
}

function isForWholeNumbers({ _zod: { def } }: core.$ZodCheck): boolean {
  return 'fn' in def && def.fn === Number.isSafeInteger;
}

/** Adds what each property is by default, to nested ones too. */
function addDefaults(schema: Schema, prefix: string, values: Readonly<Record<string, unknown>>): void {
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const path = `${prefix}${name}`;
    if (property.description === undefined) throw new Error(`${path} is not described`);
    const value = values[name];
    // Not that of another kind of budget.
    if (value !== undefined && (property.const ?? value) === value) property.default = value;
    const inner = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
    // What a union accepts is said of the whole.
    for (const member of property.anyOf ?? []) delete member.description;
    for (const member of [property, ...(property.anyOf ?? [])]) addDefaults(member, `${path}.`, inner);
  }
}

function read(): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
