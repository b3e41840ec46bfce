/** `@tenax/opentelemetry`: spans and metrics of retried requests. */

export type { AttemptSpans, TenaxInstrumentationConfig } from './configuration.ts';
export { observeGuards } from './observe-guards.ts';
export type { ObserveGuardsOptions } from './observe-guards.ts';
export { TenaxInstrumentation } from './tenax-instrumentation.ts';
