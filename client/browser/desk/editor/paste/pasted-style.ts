/** A property of a pasted element's style, in lower case. `inertMarkup` keeps the style as `data-style`. */
export function styleOf(element: Element, property: string): string {
  const style = element.getAttribute('data-style') ?? '';
  const [, value = ''] = new RegExp(`(?:^|;)\\s*${property}\\s*:\\s*([^;]*)`, 'i').exec(style) ?? [];
  return value
    .trim()
    .replace(/(?<!\s)\s*!important$/i, '')
    .toLowerCase();
}
