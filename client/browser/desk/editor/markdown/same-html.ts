/**
 * Compares html that the renderer wrote. Bold inside a link and a link inside of bold text look the same, so the order in which
 * marks of the same words are nested does not count.
 */
export function isSameHtml(one: string, other: string): boolean {
  return one === other || flat(one) === flat(other);
}

const inlineTag = /^<(\/?)(strong|em|s|code|a)\b/;

/** The html with each word's tags in a fixed order. */
function flat(html: string): string {
  const open: string[] = [];
  let links = 0;
  let written = '';
  let lastTags = '';
  for (const [part] of html.matchAll(/<[^<>]*>|[^<]+/g)) {
    const [, end, name] = inlineTag.exec(part) ?? [];
    if (name === undefined) {
      const tags = open.toSorted().join('');
      // Text that continues with the same tags is one text.
      written += tags === lastTags ? part : `{${tags}}${part}`;
      lastTags = tags;
    } else if (end === '') {
      // Two links to the same address remain two links.
      if (name === 'a') links += 1;
      open.push(name === 'a' ? `${part}${links}` : part);
    } else {
      open.splice(
        open.findLastIndex((tag) => tag.startsWith(`<${name}`) && (tag[name.length + 1] ?? '').match(/[\s>]/) !== null),
        1,
      );
    }
  }
  return written;
}
