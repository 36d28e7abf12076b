/** Summary of repeated measurements. */
export interface Spread {
  median: number;
  least: number;
  most: number;
  /** Repetitions. */
  count: number;
}

/** Undefined if there are no values. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  if (count === 0) return undefined;
  const median = (sorted[(count - 1) >> 1]! + sorted[count >> 1]!) / 2;
  return { median, least: sorted[0]!, most: sorted[count - 1]!, count };
}

/**
 * Ratios of two values of the same round, so that other load on the machine affects both. A round without one of the values does
 * not count.
 */
export function ratios(of: ReadonlyMap<string, number>, against: ReadonlyMap<string, number>): number[] {
  return [...of].flatMap(([round, value]) => {
    const other = against.get(round);
    return other === undefined || other === 0 ? [] : [value / other];
  });
}

/** Slope of the least-squares line. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const across = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return across / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}
