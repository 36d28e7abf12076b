/**
 * The marks of a migration between two stores, which both engines keep in the store. They carry the id of the migration, so that
 * only its own two stores complete or abandon it.
 *
 * ```
 *  source   (no mark) ── the switch begins ──▶ moved ── migrate --abandon ──▶ (no mark)
 *  target   (empty) ── begins ──▶ filling ── everything is compared ──▶ filled, which takes writes
 *                                    └── migrate --abandon ──▶ abandoned ── another migration ──▶ filling
 * ```
 *
 * The id of another migration to the same target begins with the id of the abandoned one.
 *
 * The target decides: `filling` becomes either `filled` or `abandoned`, in one atomic step. The source takes writes again only
 * after the target can no longer become `filled`.
 */
export interface Mark {
  kind: 'moved' | 'filling' | 'abandoned' | 'filled';
  id: string;
}

/** A mark as it is stored. */
export function markText({ kind, id }: Mark): string {
  return `${kind}:${id}`;
}

/** Undefined if the text is not a mark. */
export function readMark(text: string | null | undefined): Mark | undefined {
  const [, kind, id] = /^(moved|filling|abandoned|filled):([0-9a-f]+)$/.exec(text ?? '') ?? [];
  return kind === undefined || id === undefined ? undefined : { kind: kind as Mark['kind'], id };
}

/** Why a store with the mark takes no writes, as a sentence that may be shown to anyone. Undefined: it takes writes. */
export function refusalOfMark(mark: Mark | undefined): string | undefined {
  switch (mark?.kind) {
    case 'moved':
      return 'Its data is being moved to another store, which takes the writes from now on.';
    case 'filling':
    case 'abandoned':
      return 'It does not have all of its data yet.';
    case 'filled':
    case undefined:
      return undefined;
  }
}

/** The same for the operator, as a sentence about a server that would start on the store. Undefined: it may start. */
export function whyNoStart(mark: Mark | undefined): string | undefined {
  switch (mark?.kind) {
    case 'moved':
      return 'The data of this store was moved to another one by `pressbox migrate`, or is being moved. Start the server on the other store, or give this one its writes back with `pressbox migrate --abandon`.';
    case 'filling':
      return 'This store is being filled by `pressbox migrate`. Repeat the command until it reports that everything was moved.';
    case 'abandoned':
      return 'The migration to this store was abandoned. Empty the store, or repeat `pressbox migrate`.';
    case 'filled':
    case undefined:
      return undefined;
  }
}

/** Why a process may not go on filling a store, as a sentence for the operator. */
export function noLongerFilled(store: string): string {
  return `The migration to ${store} was abandoned meanwhile, or another \`pressbox migrate\` has taken over.`;
}

/** Why a store cannot be the target, as a sentence for the operator. */
export function isNotEmpty(store: string): string {
  return `${store} is not empty. Everything is moved to an empty store.`;
}
