/** HTML as text, in which everything that comes from data is escaped. */

/** A piece of HTML that needs no more escaping. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Markup | readonly Markup[];

/**
 * Makes HTML of a template. What is put in is escaped, for text and for quoted attributes alike, unless it is markup
 * itself.
 *
 * @example
 * html`<p title="${'"'}">${'<script>'}</p>`.text; // '<p title="&quot;">&lt;script&gt;</p>'
 */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const parts = strings.map(
    (text, index) => text + (index < values.length ? toText(values[index] ?? '') : ''),
  );
  return new Markup(parts.join(''));
}

function toText(value: Value): string {
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(({ text }) => text).join('\n');
  return escape(String(value));
}

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/gu, (character) => ESCAPED[character] ?? character);
}
