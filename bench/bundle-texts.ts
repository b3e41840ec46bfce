// What a bundle says: its texts and patterns. However its code is written, it carries these.
import { parse } from 'acorn';
import type { AnyNode } from 'acorn';
import { full } from 'acorn-walk';

/** What is left of code when everything that computes is taken out of it: all texts and patterns, each of them once. */
export function bundleTexts(code: string): string {
  const texts = new Set<string>();
  full(parse(code, { ecmaVersion: 2024, sourceType: 'module' }), (node) => {
    const text = textOf(node);
    if (text !== undefined) texts.add(text);
  });
  return [...texts].join(',');
}

function textOf(node: AnyNode): string | undefined {
  if (node.type === 'TemplateElement') return node.value.raw;
  if (node.type !== 'Literal') return undefined;
  return typeof node.value === 'string' || node.regex !== undefined ? node.raw : undefined;
}
