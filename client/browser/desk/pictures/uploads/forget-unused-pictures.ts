import type { Drafts } from '../../drafts/drafts.ts';
import { picturesUnnamedMs } from '../../outbox/outbox-limits.ts';
import type { Outbox } from '../../outbox/outbox-model.ts';
import { dropPreview } from '../picture-previews.ts';
import { picturesIn } from './pictures-in-writes.ts';

/**
 * Deletes pictures of this device once nothing needs them: no draft, and no entry that readers do not have yet. A picture that was never
 * named on this page may be one that another tab is adding, so it stays for a while.
 */
export function forgetUnusedPictures(outbox: Outbox, drafts: Drafts): void {
  const wereNamed = new Set<string>();
  const forget = () => {
    if (isUncertain(outbox, drafts)) return;
    const named = new Set([
      ...drafts.all.flatMap(({ write }) => picturesIn(write)),
      ...outbox.entries.filter(({ state }) => state.at !== 'out').flatMap(({ write }) => picturesIn(write)),
    ]);
    for (const id of named) wereNamed.add(id);
    for (const { write } of outbox.entries) for (const id of picturesIn(write)) wereNamed.add(id);
    const unused = outbox.pictures.all.filter(
      ({ id, addedAt }) => !named.has(id) && (wereNamed.has(id) || Date.now() - addedAt > picturesUnnamedMs),
    );
    if (unused.length === 0) return;
    const ids = unused.map(({ id }) => id);
    for (const id of ids) {
      wereNamed.delete(id);
      dropPreview(id);
    }
    outbox.pictures.remove(ids).catch((error: unknown) => console.warn('Pictures could not be deleted.', error));
  };
  outbox.subscribe(forget);
  drafts.subscribe(forget);
  forget();
}

/**
 * Drafts or entries that could not be read, or that only a newer version of the desk knows, may name any picture. A tab that nobody
 * looks at may not have heard yet of a draft that another tab has just made.
 */
function isUncertain({ delivery, protection }: Outbox, { isKept }: Drafts): boolean {
  const isStored = protection === 'full' || protection === 'not-persistent';
  return (isStored && !isKept) || delivery === 'storage-failed' || delivery === 'outdated' || document.hidden;
}
