import { readMark, whyNoStart } from '../migrate/marks.ts';

/**
 * The format of what is stored in Redis, as a number that rises. A version must raise it if it stores something that the version
 * before would lose, overlook or damage when it writes, such as another layout of a channel or a second place of a text that an
 * erasure must reach. What earlier versions ignore or pass on needs no new format.
 *
 * Every script that changes what is stored compares the number in the store with its own. If the store has a later one, the script
 * changes nothing. If it has an earlier one, the script raises it before it writes. Both happen in the same step as the write, so
 * no node can write in between (docs/decisions/0054).
 */
export const storeFormat = 1;

/** Shown to operators and authors. */
export const newerData =
  'A newer version of Pressbox has written to the store, in a form that this version does not know. Run the newer version.';

/**
 * Why a node of this version may not start on the store, as a sentence for the operator. Undefined: it may. `found`: the format in
 * the store, null if there is none yet. During a migration the mark of the migration takes the place of the number, which no
 * version takes for a format that it knows.
 */
export function whyRefused(found: string | null): string | undefined {
  return whyNoStart(readMark(found)) ?? (Number(found ?? 0) <= storeFormat ? undefined : newerData);
}
