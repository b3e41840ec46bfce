// What a bundle says: its texts and patterns. However its code is written, it carries these.
import { gzipSync } from 'node:zlib';

import { parse } from 'acorn';
import type { AnyNode } from 'acorn';
import { full } from 'acorn-walk';

export interface BundleTexts {
  /** All texts and patterns, each of them once. */
  readonly list: string;
  /** Bytes of that, gzipped. */
  readonly texts: number;
}

/** What is left of code when everything that computes is taken out of it. */
export function bundleTexts(code: string): BundleTexts {
  const texts = new Set<string>();
  full(parse(code, { ecmaVersion: 2024, sourceType: 'module' }), (node) => {
    const text = textOf(node);
    if (text !== undefined) texts.add(text);
  });
  const list = [...texts].join(',');
  return { list, texts: gzippedSize(list) };
}

export function gzippedSize(text: string): number {
  return gzipSync(text, { level: 9 }).byteLength;
}

function textOf(node: AnyNode): string | undefined {
  if (node.type === 'TemplateElement') return node.value.raw;
  if (node.type !== 'Literal') return undefined;
  return typeof node.value === 'string' || node.regex !== undefined ? node.raw : undefined;
}
