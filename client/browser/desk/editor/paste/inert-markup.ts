/**
 * Pasted html with the attributes that are read here, before it is parsed. The policy of the desk forbids styles and handlers in
 * markup, and browsers report each of them even in a document that runs nothing. A style is kept as `data-style`.
 */
export function inertMarkup(html: string): string {
  return html
    .replace(/<!--[\s\S]*?-->|<!\[[^>]*>/g, '')
    .replace(/<(script|style|xml|svg|iframe|noscript)\b[\s\S]*?(?:<\/\1\s*>|$)/gi, '')
    .replace(/<([a-z][^\s/>]*)((?:"[^"]*"|'[^']*'|[^'">])*)>/gi, (_, tag: string, attributes: string) => {
      const kept = Array.from(attributes.matchAll(/([^\s"'<>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>]+))?/g), keptAttribute);
      return `<${tag}${kept.join('')}>`;
    });
}

const readAttributes = /^(?:href|align|start|alt|role|hidden|aria-hidden|class|data-pm-slice|data-soft-break|data-loose)$/i;

function keptAttribute([, name = '', value]: RegExpMatchArray): string {
  const kept = name.toLowerCase() === 'style' ? 'data-style' : readAttributes.test(name) ? name : undefined;
  return kept === undefined ? '' : ` ${kept}${value === undefined ? '' : `=${value}`}`;
}
