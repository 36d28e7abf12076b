/** The items whose text has every word of the query, in any order, regardless of case and accents. All items if there are no words. */
export function matchesOf<T>(items: readonly T[], query: string, textOf: (item: T) => string): T[] {
  const words = folded(query).split(/\s+/).filter(Boolean);
  return items.filter((item) => {
    const text = folded(textOf(item));
    return words.every((word) => text.includes(word));
  });
}

function folded(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase();
}
