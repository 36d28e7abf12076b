/** Processor time in ms, which does not depend on the load of the machine. */
export function processorMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/**
 * How many times as long `run` takes for four times as many characters: 4 if it is linear, 16 if it is quadratic. What looks
 * superlinear is measured again, at first with more characters, where noise weighs less, and the least growth counts.
 */
export function growthOf(run: (characters: number) => void, sizes: readonly number[] = [250, 500, 1_000, 1_000, 1_000]): number {
  run(warmUpCharacters);
  let least = Number.POSITIVE_INFINITY;
  for (const characters of sizes) {
    const [small, large] = [processorMs(() => run(characters)), processorMs(() => run(4 * characters))];
    least = Math.min(least, large / Math.max(small, Number.MIN_VALUE));
    if (least < linearGrowth) break;
  }
  return least;
}

const warmUpCharacters = 200;
/** Halfway, on a scale of factors, between linear and quadratic. */
export const linearGrowth = 8;
