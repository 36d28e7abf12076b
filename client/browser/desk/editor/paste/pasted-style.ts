/**
 * A property of a pasted element's style, in lower case. Read from the attribute, because browsers drop the properties of word
 * processors.
 */
export function styleOf(element: Element, property: string): string {
  const style = element.getAttribute('style') ?? '';
  const [, value = ''] = new RegExp(`(?:^|;)\\s*${property}\\s*:\\s*([^;]*)`, 'i').exec(style) ?? [];
  return value
    .replace(/\s*!important\s*$/i, '')
    .trim()
    .toLowerCase();
}
