/** What several repetitions of one measurement say together. */
export interface Spread {
  median: number;
  least: number;
  most: number;
  /** Repetitions. */
  count: number;
}

/** Undefined where there is no value. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  if (count === 0) return undefined;
  const median = (sorted[(count - 1) >> 1]! + sorted[count >> 1]!) / 2;
  return { median, least: sorted[0]!, most: sorted[count - 1]!, count };
}

/**
 * Each value of the one by that of the other in the same round, since whatever else the machine did then, it did to both. A round in which
 * either is missing does not count.
 */
export function ratios(of: ReadonlyMap<string, number>, against: ReadonlyMap<string, number>): number[] {
  return [...of].flatMap(([round, value]) => {
    const other = against.get(round);
    return other === undefined || other === 0 ? [] : [value / other];
  });
}

/** By how much y grows where x grows by one: the line of least squares. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const across = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return across / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}
