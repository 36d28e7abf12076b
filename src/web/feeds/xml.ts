/**
 * XML as a value. Values in an `xml` template are escaped unless they are `Xml`. Characters that XML 1.0 cannot contain, such as most
 * control characters, are removed, since one of them would make the document malformed.
 */
export class Xml {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A value in a template. Null and undefined render nothing. */
export type XmlPart = Xml | string | null | undefined | readonly XmlPart[];

/** Joins markup and values. Values stand between tags or in double-quoted attributes. */
export function xml(markup: TemplateStringsArray, ...values: readonly XmlPart[]): Xml {
  let text = markup[0] ?? '';
  for (const [at, value] of values.entries()) text += textOf(value) + (markup[at + 1] ?? '');
  return new Xml(text);
}

/** ` name="value"`, or nothing without a value. `name` is not escaped. */
export function xmlAttribute(name: string, value: string | number | null | undefined): Xml {
  return new Xml(value === null || value === undefined ? '' : ` ${name}="${escapeXml(String(value))}"`);
}

/** Escapes text for element content and quoted attributes, so that parsers read it unchanged. */
export function escapeXml(text: string): string {
  return text.replace(forbidden, '').replace(/[&<>"'\r]/g, (character) => entities[character] ?? character);
}

/** Everything except the characters of XML 1.0 (production 2). Includes lone surrogates. */
const forbidden = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

// A parser reads a literal carriage return as a line feed.
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
