/**
 * XML as a value. Whatever is put into an `xml` template is escaped, unless it is `Xml` itself, so that forgetting is safe. What XML 1.0
 * has no way to write, such as most control characters, is left out: one of them would make the whole document none.
 */
export class Xml {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes; null and undefined are nothing. */
export type XmlPart = Xml | string | null | undefined | readonly XmlPart[];

/** Joins markup and values. Values stand between tags or in double-quoted attributes. */
export function xml(markup: TemplateStringsArray, ...values: readonly XmlPart[]): Xml {
  let text = markup[0] ?? '';
  for (const [at, value] of values.entries()) text += textOf(value) + (markup[at + 1] ?? '');
  return new Xml(text);
}

/** ` name="value"`, or nothing where there is no value. `name` is ours. */
export function xmlAttribute(name: string, value: string | number | null | undefined): Xml {
  return new Xml(value === null || value === undefined ? '' : ` ${name}="${escapeXml(String(value))}"`);
}

/** Text as it may stand between tags and in a quoted attribute of XML 1.0, where it is read as it was. */
export function escapeXml(text: string): string {
  return text.replace(forbidden, '').replace(/[&<>"'\r]/g, (character) => entities[character] ?? character);
}

/** All but the characters of XML 1.0 (production 2). Halves of surrogate pairs are among them. */
const forbidden = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

// A carriage return that is not written as a reference is read as a line feed.
const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '\r': '&#13;',
};

function textOf(part: XmlPart): string {
  if (part === null || part === undefined) return '';
  if (part instanceof Xml) return part.text;
  return typeof part === 'string' ? escapeXml(part) : part.map(textOf).join('');
}
