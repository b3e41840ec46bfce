// The form of what a measurement found.
import type { Figure } from './figures.ts';

/** A figure, some words, or nothing where a row has no such thing; JSON makes a `null` of that. */
export type Cell = Figure | string | null | undefined;

/** What a row stands for: `control` is the bare call a second time, and shows what a difference is worth. */
export type Role = 'bare' | 'control' | 'tenax' | 'peer';

export interface Column {
  readonly name: string;
  readonly unit?: string;
  /** Digits after the point. */
  readonly digits: number;
  /** Which of two figures is the better one; absent where neither is. */
  readonly better?: 'lower' | 'higher';
  /** What Tenax' first row shall not exceed. */
  readonly goal?: number;
}

export interface Row {
  readonly name: string;
  readonly role: Role;
  readonly cells: readonly Cell[];
}

export interface Table {
  readonly title: string;
  /** Of processes, where more than one was measured. */
  readonly sets?: number;
  /** Those that had every row, where others had not. */
  readonly fullSets?: number;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

export interface Measurement {
  /** The program's name. */
  readonly name: string;
  readonly title: string;
  /** What was done, and what else a reader needs to know to judge the figures. */
  readonly method: readonly string[];
  readonly tables: readonly Table[];
}

/** By its name: Tenax, the bare call, its control, or a peer. */
export function roleOf(name: string, bare: string): Role {
  if (name === bare) return 'bare';
  if (name === `${bare} again`) return 'control';
  return name.startsWith('Tenax') ? 'tenax' : 'peer';
}
