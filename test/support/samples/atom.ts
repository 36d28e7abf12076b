import type { Element } from './xml.ts';

/** The rules of RFC 4287 for a feed document, and of RFC 5005 for the links between its pages. Returns the violations. */

const namespace = '{http://www.w3.org/2005/Atom}';
const ofXml = '{http://www.w3.org/XML/1998/namespace}';

export function atomFaults(feed: Element): string[] {
  if (feed.name !== `${namespace}feed`) return [`the root is ${feed.name}`];
  const entries = all(feed, 'entry');
  const faults = [
    ...holds(feed, 'feed', {
      id: 'one',
      title: 'one',
      updated: 'one',
      subtitle: 'maybe',
      generator: 'maybe',
      icon: 'maybe',
      logo: 'maybe',
      rights: 'maybe',
      author: 'any',
      category: 'any',
      contributor: 'any',
      link: 'any',
      entry: 'any',
    }),
    ...parts(feed, 'feed'),
    ...entries.flatMap((entry, at) => entryFaults(entry, `entry ${at}`)),
  ];
  // 4.1.1: a feed has an author unless each entry has one.
  if (all(feed, 'author').length === 0 && entries.some((entry) => all(entry, 'author').length === 0))
    faults.push('nobody wrote it');
  if (!links(feed, 'self')) faults.push('feed: no link to itself');
  const ids = entries.map((entry) => all(entry, 'id')[0]?.text);
  if (new Set(ids).size !== ids.length) faults.push('two entries have one id');
  return faults;
}

function entryFaults(entry: Element, where: string): string[] {
  const faults = holds(entry, where, {
    id: 'one',
    title: 'one',
    updated: 'one',
    published: 'maybe',
    content: 'maybe',
    rights: 'maybe',
    source: 'maybe',
    summary: 'maybe',
    author: 'any',
    category: 'any',
    contributor: 'any',
    link: 'any',
  });
  // 4.1.2: an entry without content has an alternate link, and an entry with content elsewhere has a summary.
  if (all(entry, 'content').length === 0 && !links(entry, 'alternate')) faults.push(`${where} leads nowhere`);
  for (const content of all(entry, 'content')) {
    if (content.attributes.src !== undefined && all(entry, 'summary').length === 0) faults.push(`${where} has no summary`);
    // 4.1.3.3: HTML is text here, not an element.
    if (content.attributes.type !== 'html') faults.push(`${where} has content of type ${content.attributes.type}`);
    if (content.children.length > 0) faults.push(`${where} has elements in its html`);
  }
  return [...faults, ...parts(entry, where)];
}

type Often = 'one' | 'maybe' | 'any';

/** How often each child may occur. All other children are in other namespaces, which 6.4 allows. */
function holds(element: Element, where: string, often: Record<string, Often>): string[] {
  const counts = new Map<string, number>();
  for (const { name } of element.children) counts.set(name, (counts.get(name) ?? 0) + 1);
  const strange = [...counts.keys()].filter((name) => name.startsWith(namespace) && !(name.slice(namespace.length) in often));
  const wrong = Object.entries(often).filter(([name, how]) => {
    const count = counts.get(namespace + name) ?? 0;
    return how === 'one' ? count !== 1 : how === 'maybe' && count > 1;
  });
  return [
    ...strange.map((name) => `${where} has ${name}`),
    ...wrong.map(([name]) => `${where}: not the right number of ${name}`),
  ];
}

/** Checks elements that may occur at several places. */
function parts(element: Element, where: string): string[] {
  const faults: string[] = [];
  const fault = (what: string) => void faults.push(`${where}: ${what}`);
  for (const child of element.children) {
    const name = child.name.replace(namespace, '');
    const { text, attributes } = child;
    if (['updated', 'published'].includes(name) && !dateTime.test(text)) fault(`${name} is ${text}`);
    if (['title', 'subtitle', 'summary'].includes(name)) {
      if (!['text', 'html', undefined].includes(attributes.type)) fault(`${name} is of type ${attributes.type}`);
      if (child.children.length > 0) fault(`${name} has elements`);
    }
    if (name === 'title' && text.trim() === '') fault('its title is empty');
    // 4.2.6: a permanent IRI. Pressbox always uses this kind.
    if (name === 'id' && !/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[57][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(text))
      fault(`its id is ${text}`);
    if (name === 'author') {
      const [called] = all(child, 'name');
      if (all(child, 'name').length !== 1 || called?.text.trim() === '') fault('someone has no name');
      for (const { text: uri } of all(child, 'uri')) if (!isUri(uri)) fault(`someone is at ${uri}`);
      if (child.children.some((one) => !['name', 'uri', 'email'].includes(one.name.replace(namespace, ''))))
        fault('someone has more than that');
    }
    if (name === 'category' && !attributes.term) fault('a category has no term');
    if (name === 'link') {
      if (!isUri(attributes.href ?? '')) fault(`a link leads to ${attributes.href}`);
      if (attributes.type !== undefined && !/^[\w.+-]+\/[\w.+-]+(?:;.*)?$/.test(attributes.type))
        fault(`a link has the type ${attributes.type}`);
      if (child.children.length > 0) fault('a link has elements');
    }
    const language = attributes[`${ofXml}lang`];
    if (language !== undefined && !/^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$/.test(language)) fault(`its language is ${language}`);
  }
  // 4.1.1 and 4.1.2: at most one alternate link for each form.
  const alternates = all(element, 'link').filter(({ attributes }) => (attributes.rel ?? 'alternate') === 'alternate');
  if (new Set(alternates.map(({ attributes }) => `${attributes.type} ${attributes.hreflang}`)).size !== alternates.length)
    fault('has two alternates');
  for (const rel of ['self', 'next', 'first'])
    if (all(element, 'link').filter(({ attributes }) => attributes.rel === rel).length > 1) fault(`has two links ${rel}`);
  return faults;
}

/** 3.3: RFC 3339 with capital letters. */
const dateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** The syntax of RFC 3986, which is stricter than the IRIs of RFC 4287. */
export function isUri(text: string): boolean {
  return (
    /^[a-z][a-z0-9+.-]*:(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/.test(text) &&
    (text.match(/#/g) ?? []).length < 2
  );
}

/** The children of this name. */
export function all(element: Element, name: string): Element[] {
  return element.children.filter((child) => child.name === namespace + name);
}

/** The text of the only child of this name. */
export function textOf(element: Element, name: string): string | undefined {
  return all(element, name)[0]?.text;
}

/** The target of the link with this relation. */
export function links(element: Element, rel: string): string | undefined {
  return all(element, 'link').find(({ attributes }) => attributes.rel === rel)?.attributes.href;
}
