import { pastedCharacters } from './paste-limits.ts';

/** A list of attributes ends here: with its tag, or because the html is cut off within it. */
interface TagEnd {
  /** The attributes that are kept, each with a space before it. */
  kept: string;
  /** Behind the `>`. Undefined: there is none. */
  end: number | undefined;
}

/**
 * Pasted html with the attributes that are read here, before it is parsed. The policy of the desk forbids styles and handlers in
 * markup, and browsers report each of them even in a document that runs nothing. A style is kept as `data-style`.
 *
 * It reads tags as browsers do (HTML Living Standard, 13.2.5), each character once, so that its time grows with the length of the
 * html whatever stands there. A tag or comment that is cut off ends the html, as it does in browsers. More than `pastedCharacters`
 * that would be kept are left out.
 */
export function inertMarkup(html: string): string {
  let kept = '';
  let at = 0;
  while (at < html.length && kept.length < pastedCharacters) {
    const start = html.indexOf('<', at);
    if (start < 0) return (kept + html.slice(at)).slice(0, pastedCharacters);
    kept += html.slice(at, start);
    const next = html[start + 1] ?? '';
    let end: number | undefined = start + 1;
    if (isLetter(next)) {
      const name = nameAt(html, start + 1);
      const tag = readTag(html, start + 1 + name.length);
      end = tag.end;
      if (end !== undefined && unread.has(name.toLowerCase())) end = endOfContent(html, name.toLowerCase(), end);
      else if (end !== undefined) kept += `<${name}${tag.kept}>`;
    } else if (next === '/' && isLetter(html[start + 2] ?? '')) {
      const name = nameAt(html, start + 2);
      end = readTag(html, start + 2 + name.length).end;
      if (end !== undefined) kept += `</${name}>`;
    } else if (html.startsWith('<!--', start)) end = behind(html, '-->', start + 2);
    else if (next === '!' || next === '?' || next === '/') end = behind(html, '>', start);
    else kept += '<';
    if (end === undefined) break;
    at = end;
  }
  return kept.slice(0, pastedCharacters);
}

const readAttributes = /^(?:href|align|start|alt|role|hidden|aria-hidden|class|data-pm-slice|data-soft-break|data-loose)$/i;
/** Elements that are dropped with what is in them. */
const unread: ReadonlySet<string> = new Set(['script', 'style', 'xml', 'svg', 'iframe', 'noscript']);

// Sticky patterns: one of them continues where the one before ended.
const tagName = /[^\t\n\f\r />]*/y;
const betweenAttributes = /[\t\n\f\r /]*/y;
/** May begin with `=`. */
const attributeName = /=?[^\t\n\f\r />=]*/y;
const equalsSign = /[\t\n\f\r ]*=[\t\n\f\r ]*/y;
const bareValue = /[^\t\n\f\r >]+/y;

/** Reads attributes from `at` on, which is behind the name of the tag. */
function readTag(html: string, at: number): TagEnd {
  let kept = '';
  let end = at;
  for (;;) {
    end += matchAt(betweenAttributes, html, end).length;
    if (end >= html.length) return { kept, end: undefined };
    if (html[end] === '>') return { kept, end: end + 1 };
    const name = matchAt(attributeName, html, end);
    end += name.length;
    const equals = matchAt(equalsSign, html, end);
    end += equals.length;
    let value: string | undefined = equals === '' ? undefined : '""';
    if (equals !== '' && html[end] !== '>') {
      const quote = html[end];
      if (quote === '"' || quote === "'") {
        const closing = html.indexOf(quote, end + 1);
        if (closing < 0) return { kept, end: undefined };
        value = html.slice(end, closing + 1);
      } else value = matchAt(bareValue, html, end);
      end += value.length;
    }
    kept += keptAttribute(name, value);
  }
}

function keptAttribute(name: string, value: string | undefined): string {
  const kept = name.toLowerCase() === 'style' ? 'data-style' : readAttributes.test(name) ? name : undefined;
  return kept === undefined ? '' : ` ${kept}${value === undefined ? '' : `=${value}`}`;
}

/** Behind the end tag of a dropped element. Undefined: the element is not closed, and nothing follows. */
function endOfContent(html: string, name: string, at: number): number | undefined {
  const closing = new RegExp(`</${name}(?=[\\t\\n\\f\\r />])`, 'gi');
  closing.lastIndex = at;
  const found = closing.exec(html);
  return found === null ? undefined : behind(html, '>', closing.lastIndex);
}

function behind(html: string, what: string, from: number): number | undefined {
  const at = html.indexOf(what, from);
  return at < 0 ? undefined : at + what.length;
}

function nameAt(html: string, at: number): string {
  return matchAt(tagName, html, at);
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}

function isLetter(character: string): boolean {
  return /^[a-z]$/i.test(character);
}
