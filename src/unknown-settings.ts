/**
 * A variable in the environment that looks like a setting but is none. It is most likely misspelt, and the intended setting keeps
 * its default.
 */
export interface UnknownSetting {
  name: string;
  /** The setting that was probably meant. */
  nearest: string | undefined;
}

/** Variables of the client commands and of the tests. */
const others = ['PRESSBOX_URL', 'PRESSBOX_TOKEN', 'PRESSBOX_SIMULATION_SEEDS'];
const ofTests = /^PRESSBOX_TEST_/;
/**
 * Variables that Kubernetes and Docker links set in a container for a service whose name begins with `pressbox`: its host and
 * ports. Kubernetes and Docker set such a variable named `PORT` to an address, not to a number.
 */
const ofService = /^PRESSBOX(?:_\w+)?_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;
const ofLink = /^PRESSBOX(?:_\w+)?_(?:NAME|ENV_\w+)$/;
const portOfService = /^(?:tcp|udp|sctp):\/\//;

export function unknownSettings(env: Record<string, string | undefined>, known: readonly string[]): UnknownSetting[] {
  return Object.entries(env)
    .filter(([name, value]) => {
      if (!value || !/^PRESSBOX_/i.test(name) || known.includes(name) || others.includes(name) || ofTests.test(name))
        return false;
      return !ofService.test(name) && !ofLink.test(name) && !portOfService.test(value);
    })
    .map(([name]) => ({ name, nearest: nearestTo(name.toUpperCase(), known) }));
}

/** The nearest known name. Up to a third of its letters after the prefix may differ. Undefined if no name is near enough. */
function nearestTo(name: string, known: readonly string[]): string | undefined {
  const [nearest] = known
    .map((one) => ({ one, steps: stepsBetween(name, one) }))
    .filter(({ one, steps }) => steps <= (one.length - 'PRESSBOX_'.length) / 3)
    .sort((a, b) => a.steps - b.steps);
  return nearest?.one;
}

/** The edit distance: letters to insert, delete, replace or swap with the next. */
function stepsBetween(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= one.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const same = one[i - 1] === other[j - 1] ? 0 : 1;
      const at = (back: number, place: number) => rows[i - back]?.[place] ?? 0;
      const swapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      row[j] = Math.min(
        at(1, j) + 1,
        (row[j - 1] ?? 0) + 1,
        at(1, j - 1) + same,
        swapped ? at(2, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    rows.push(row);
  }
  return rows.at(-1)?.at(-1) ?? 0;
}
