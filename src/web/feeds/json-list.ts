/**
 * JSON of an object with a long list, whose items were made one by one. All arguments are JSON. The list stands after the
 * properties of `head`, of which there is at least one, and before those of `tail`.
 */
export function withList(head: string, name: string, items: readonly string[], tail = '{}'): string {
  const after = tail === '{}' ? '}' : `,${tail.slice(1)}`;
  return `${head.slice(0, -1)},${JSON.stringify(name)}:[${items.join(',')}]${after}`;
}
