/** What the guards of a destination are as metrics. */

import type { Attributes } from '@opentelemetry/api';
import type { CircuitState, GuardsSnapshot } from '@tenax/core';

import { TENAX_BUDGET_DECISION, TENAX_CIRCUIT_STATE } from './names.ts';

/** A value, with the attributes that it has besides the key. */
export type Reading = readonly [value: number, attributes?: Attributes];

/** One metric. */
export interface GuardMetric {
  readonly name: string;
  /** A `gauge` can't be added up over several keys. */
  readonly kind: 'gauge' | 'upDownCounter' | 'counter';
  readonly unit: string;
  readonly description: string;
  /** Nothing where the guard is off. */
  read(guards: GuardsSnapshot): readonly Reading[];
}

const CIRCUIT_STATES: readonly CircuitState[] = ['closed', 'open', 'half-open'];

/** All metrics of guards. */
export const guardMetrics: readonly GuardMetric[] = [
  {
    name: 'tenax.budget.available',
    kind: 'gauge',
    unit: '{retry}',
    description: 'Retries that could be made at once, or tokens that are left.',
    read: ({ budget }) => (budget ? [[budget.available]] : []),
  },
  {
    name: 'tenax.budget.retries',
    kind: 'counter',
    unit: '{retry}',
    description: 'Retries that the budget was asked for, by its decision.',
    read: ({ budget }) =>
      budget
        ? [
            [budget.allowed, { [TENAX_BUDGET_DECISION]: 'allowed' }],
            [budget.refused, { [TENAX_BUDGET_DECISION]: 'refused' }],
          ]
        : [],
  },
  {
    name: 'tenax.circuit.state',
    kind: 'upDownCounter',
    unit: '{circuit}',
    description: 'Circuit breakers by state: 1 for the state that a destination has, 0 for the others.',
    read: ({ circuitBreaker }) =>
      circuitBreaker
        ? CIRCUIT_STATES.map((state) => [
            circuitBreaker.state === state ? 1 : 0,
            { [TENAX_CIRCUIT_STATE]: state },
          ])
        : [],
  },
  {
    name: 'tenax.circuit.failure_rate',
    kind: 'gauge',
    unit: '1',
    description: 'Share of failed calls in the window of the circuit breaker.',
    read: ({ circuitBreaker }) => (circuitBreaker ? [[circuitBreaker.failureRate]] : []),
  },
  {
    name: 'tenax.circuit.refused',
    kind: 'counter',
    unit: '{attempt}',
    description: 'Attempts that the circuit breaker has refused.',
    read: ({ circuitBreaker }) => (circuitBreaker ? [[circuitBreaker.refused]] : []),
  },
  {
    name: 'tenax.bulkhead.active',
    kind: 'upDownCounter',
    unit: '{operation}',
    description: 'Operations that hold a place of the bulkhead.',
    read: ({ bulkhead }) => (bulkhead ? [[bulkhead.active]] : []),
  },
  {
    name: 'tenax.bulkhead.queued',
    kind: 'upDownCounter',
    unit: '{operation}',
    description: 'Operations that wait for a place of the bulkhead.',
    read: ({ bulkhead }) => (bulkhead ? [[bulkhead.queued]] : []),
  },
  {
    name: 'tenax.bulkhead.refused',
    kind: 'counter',
    unit: '{operation}',
    description: 'Operations that the bulkhead has refused.',
    read: ({ bulkhead }) => (bulkhead ? [[bulkhead.refused]] : []),
  },
  {
    name: 'tenax.pacer.rate',
    kind: 'gauge',
    unit: '{attempt}/s',
    description: 'Attempts per second that the pacer lets through; absent while it limits nothing.',
    read: ({ pacer }) => (pacer && Number.isFinite(pacer.rate) ? [[pacer.rate]] : []),
  },
  {
    name: 'tenax.pacer.queued',
    kind: 'upDownCounter',
    unit: '{attempt}',
    description: 'Attempts that wait for their turn.',
    read: ({ pacer }) => (pacer ? [[pacer.queued]] : []),
  },
  {
    name: 'tenax.hedge.sent',
    kind: 'counter',
    unit: '{attempt}',
    description: 'Hedges that were sent.',
    read: ({ hedge }) => (hedge ? [[hedge.sent]] : []),
  },
  {
    name: 'tenax.hedge.refused',
    kind: 'counter',
    unit: '{attempt}',
    description: 'Hedges that the limit of extra load has refused.',
    read: ({ hedge }) => (hedge ? [[hedge.refused]] : []),
  },
];
