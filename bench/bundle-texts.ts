// What a bundle says: its texts, and the names of its members. However its code is written, it carries these.
import { gzipSync } from 'node:zlib';

import { parse } from 'acorn';
import type { AnyNode } from 'acorn';
import { full } from 'acorn-walk';

export interface BundleTexts {
  /** Bytes, gzipped, of a list of all texts and patterns, each of them once. */
  readonly texts: number;
  /** The same with the names of members, which no minifier shortens. */
  readonly textsAndNames: number;
}

/** What is left of code when everything that computes is taken out of it. */
export function bundleTexts(code: string): BundleTexts {
  const texts = new Set<string>();
  const names = new Set<string>();
  full(parse(code, { ecmaVersion: 2024, sourceType: 'module' }), (node) => {
    const text = textOf(node);
    if (text !== undefined) texts.add(text);
    const member = memberOf(node);
    if (member?.type === 'Identifier') names.add(member.name);
  });
  return { texts: gzippedList(texts), textsAndNames: gzippedList([...texts, ...names]) };
}

function textOf(node: AnyNode): string | undefined {
  if (node.type === 'TemplateElement') return node.value.raw;
  if (node.type !== 'Literal') return undefined;
  return typeof node.value === 'string' || node.regex !== undefined ? node.raw : undefined;
}

function memberOf(node: AnyNode): AnyNode | undefined {
  switch (node.type) {
    case 'MemberExpression':
      return node.computed ? undefined : node.property;
    case 'Property':
    case 'PropertyDefinition':
    case 'MethodDefinition':
      return node.computed ? undefined : node.key;
    default:
      return undefined;
  }
}

function gzippedList(words: Iterable<string>): number {
  return gzipSync([...words].join(','), { level: 9 }).byteLength;
}
